package paycode

import (
	"bytes"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// ApplyPayCodeRenew gives the device that consents an alias. The one before it is
// good for another day, and older ones are forgotten; so are those of devices that
// were ended.
//
// Refuses, in this order: PayCodeInvalid (no such alias); CodeNumberTaken; what
// wallet.CheckAct refuses.
func ApplyPayCodeRenew(d *deed.Deed, c *pb.PayCodeRenew) (code.Code, *pb.PayCodes) {
	if c.Alias >= MaxAlias {
		return code.PayCodeInvalid, nil
	}
	if p, dev, a := ByAlias(d.Tx, c.Alias); p != nil {
		if p.Uid == c.Uid && bytes.Equal(dev.Id, c.Consent.GetDevice()) && a == dev.Aliases[0] {
			return code.OK, p
		}
		return code.CodeNumberTaken, nil
	}
	leave, out := wallet.CheckAct(d, c.Uid, c.Consent, false)
	if out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	leave.Use(d)
	p := Of(d.Tx, c.Uid)
	forgetEnded(d, p, leave.Wallet())
	dev := device(p, c.Consent.Device)
	if dev == nil {
		dev = &pb.PayDevice{Id: c.Consent.Device}
		p.Devices = append(p.Devices, dev)
	}
	for len(dev.Aliases) > 1 {
		d.Tx.Delete(aliasKey(dev.Aliases[len(dev.Aliases)-1].Alias))
		dev.Aliases = dev.Aliases[:len(dev.Aliases)-1]
	}
	for _, a := range dev.Aliases {
		a.Until = min(a.Until, d.At+ReplacedLife)
	}
	dev.Aliases = slices.Insert(dev.Aliases, 0, &pb.PayAlias{Alias: c.Alias, MadeAt: d.At, Until: d.At + AliasLife})
	aliases.Insert(d.Tx, aliasKey(c.Alias), &pb.PersonRef{Uid: c.Uid})
	put(d.Tx, p)
	d.Record(entity(c.Uid), pad(c.Alias, aliasLength), nil)
	d.Consent(c.Consent)
	return code.OK, p
}

// forgetEnded forgets the aliases of devices that the wallet has no more.
func forgetEnded(d *deed.Deed, p *pb.PayCodes, w *pb.Wallet) {
	p.Devices = slices.DeleteFunc(p.Devices, func(dev *pb.PayDevice) bool {
		if wallet.Device(w, dev.Id) != nil {
			return false
		}
		for _, a := range dev.Aliases {
			d.Tx.Delete(aliasKey(a.Alias))
		}
		return true
	})
}

// ApplyReceiveCodeSet gives a person a code by which others pay them, in place of the
// one before it, which finds nobody from then on.
//
// Refuses, in this order: PayCodeInvalid (not 16 bytes); CodeNumberTaken; what
// wallet.CheckAct refuses.
func ApplyReceiveCodeSet(d *deed.Deed, c *pb.ReceiveCodeSet) (code.Code, *pb.PayCodes) {
	if len(c.Code) != ReceiveSize {
		return code.PayCodeInvalid, nil
	}
	switch ByReceive(d.Tx, c.Code) {
	case 0:
	case c.Uid:
		return code.OK, Of(d.Tx, c.Uid)
	default:
		return code.CodeNumberTaken, nil
	}
	leave, out := wallet.CheckAct(d, c.Uid, c.Consent, false)
	if out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	leave.Use(d)
	p := Of(d.Tx, c.Uid)
	if len(p.Receive) > 0 {
		d.Tx.Delete(receiveKey(p.Receive))
	}
	p.Receive = c.Code
	receives.Insert(d.Tx, receiveKey(c.Code), &pb.PersonRef{Uid: c.Uid})
	put(d.Tx, p)
	d.Record(entity(c.Uid), "", nil)
	d.Consent(c.Consent)
	return code.OK, p
}
