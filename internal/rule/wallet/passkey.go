package wallet

import (
	"bytes"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var passkeys = table.Of[pb.Passkeys, *pb.Passkeys]{ID: table.Passkeys}

func passkeysKey(uid uint64) table.Key { return table.K(table.Passkeys).U64(uid) }

// PasskeysOf reads a person's passkeys; there may be none.
func PasskeysOf(r table.Reader, uid uint64) *pb.Passkeys {
	if p, ok := passkeys.Get(r, passkeysKey(uid)); ok {
		return p
	}
	return &pb.Passkeys{Uid: uid}
}

// Subject is whose challenges a person's are.
func Subject(uid uint64) string { return "person/" + entity(uid)[len("wallet/"):] }

// secured says whether there is anything but the device that the person can be asked for.
func secured(w *pb.Wallet) bool { return hasPIN(w) || w.Passkeys > 0 }

// ApplyPasskeyAdd adds a passkey. Its own number is the identity: the same key again
// changes nothing. That the edge has verified how it was made is not looked at; the
// journal keeps the public key, with which all its assertions are checked. The first
// is not added by a device that still waits to be trusted.
//
// Refuses, in this order: PasskeyInvalid, TextInvalid (label); PasskeyExists; what
// wallet.CheckTrusted refuses; PasskeysTooMany.
func ApplyPasskeyAdd(d *deed.Deed, c *pb.PasskeyAdd) (code.Code, *pb.Passkeys) {
	k := c.Passkey
	switch {
	case !assertion.Fit(k):
		return code.PasskeyInvalid, nil
	case k.Label == "" || !Text(k.Label, maxLabel):
		return code.TextInvalid, nil
	}
	of := PasskeysOf(d.Tx, c.Uid)
	if old := assertion.Find(of.List, k.Credential); old != nil {
		if !bytes.Equal(old.PublicKey, k.PublicKey) {
			return code.PasskeyExists, nil
		}
		return code.OK, of
	}
	leave, out := CheckTrusted(d, c.Uid, c.Consent)
	switch {
	case out != code.OK:
		return out, nil
	case len(of.List) >= assertion.MaxKeys:
		return code.PasskeysTooMany, nil
	}
	// From here the command succeeds.
	of.List = append(of.List, assertion.Added(k, d.At))
	keepPasskeys(d, leave, of, assertion.Name(k), c.Consent)
	return code.OK, of
}

// ApplyPasskeyEnd removes a passkey. It takes a grant, of the PIN or of any passkey:
// whoever has only the device must not take away what it is asked for. Who has lost
// the last one goes the way of a forgotten PIN. What is removed already is done.
//
// Refuses, in this order: what wallet.CheckAct refuses.
func ApplyPasskeyEnd(d *deed.Deed, c *pb.PasskeyEnd) (code.Code, *pb.Passkeys) {
	of := PasskeysOf(d.Tx, c.Uid)
	if _, ok := Get(d.Tx, c.Uid); ok && assertion.Find(of.List, c.Credential) == nil {
		return code.OK, of
	}
	leave, out := CheckAct(d, c.Uid, c.Consent, true)
	if out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	of.List = slices.DeleteFunc(of.List, func(k *pb.Passkey) bool { return bytes.Equal(k.Credential, c.Credential) })
	keepPasskeys(d, leave, of, "", c.Consent)
	return code.OK, of
}

func keepPasskeys(d *deed.Deed, leave Leave, of *pb.Passkeys, name string, by *pb.Consent) {
	passkeys.Put(d.Tx, passkeysKey(of.Uid), of)
	leave.Wallet().Passkeys = uint32(len(of.List))
	leave.Use(d)
	d.Record(entity(of.Uid), name, nil)
	d.Consent(by)
}

// ApplyPasskeyUse takes the challenge that a passkey signed and leaves a grant for one
// act, the one it was asked for; a wait for a new PIN ends. A challenge is good once,
// on whichever node it comes in, and only until the next is met: that one is the
// identity, its repeat finds the grant.
//
// Refuses, in this order: PasskeyInvalid, ConsentNeeded; PersonNotFound,
// PersonBlocked, DeviceUnknown, CounterUsed; ChallengeOver, PasskeyUnknown,
// PasskeyCounterBack.
func ApplyPasskeyUse(d *deed.Deed, c *pb.PasskeyUse) (code.Code, *pb.PinTry) {
	a := c.Consent.GetAssertion()
	if !assertion.Verified(a) {
		return code.PasskeyInvalid, nil
	}
	of, hash := PasskeysOf(d.Tx, c.Uid), assertion.Hash(a.Challenge)
	if of.Met == a.Challenge.Number && bytes.Equal(of.Last, hash[:len(of.Last)]) && of.Met > 0 {
		return granted(d, c, of)
	}
	leave, out := signed(d, c.Uid, c.Consent)
	if out != code.OK {
		return out, nil
	}
	k, count := assertion.Find(of.List, a.Credential), assertion.Count(a)
	switch {
	case !open(d, c, of, a.Challenge):
		return code.ChallengeOver, nil
	case k == nil:
		return code.PasskeyUnknown, nil
	case !assertion.Ahead(k, count):
		return code.PasskeyCounterBack, nil
	}
	// From here the command succeeds.
	k.SignCount, k.UsedAt = count, d.At
	grant := leave.grant(d, c.Consent.Device, a.Challenge.Act)
	of.Met, of.Last, of.Grant = a.Challenge.Number, hash[:KeySize], grant.Number
	keepPasskeys(d, leave, of, "", c.Consent)
	return code.OK, grant
}

// granted is the repeat of a check.
func granted(d *deed.Deed, c *pb.PasskeyUse, of *pb.Passkeys) (code.Code, *pb.PinTry) {
	if w, ok := Get(d.Tx, c.Uid); ok {
		for _, g := range w.GetPin().GetGrants() {
			if g.Number == of.Grant && bytes.Equal(g.Device, c.Consent.Device) {
				return code.OK, g
			}
		}
	}
	return code.ChallengeOver, nil
}

// open says whether a challenge is the next of this person and device, and in time.
func open(d *deed.Deed, c *pb.PasskeyUse, of *pb.Passkeys, ch *pb.Challenge) bool {
	return ch.Subject == Subject(c.Uid) && bytes.Equal(ch.Device, c.Consent.Device) && ch.Number == of.Met+1 && assertion.Young(ch, d.At)
}

// grant leaves a grant of a passkey in the wallet.
func (l Leave) grant(d *deed.Deed, device, act []byte) *pb.PinTry {
	if l.wallet.Pin == nil {
		l.wallet.Pin = new(pb.Pin)
	}
	pin := l.wallet.Pin
	pin.Last++
	pin.ResetAt = 0
	g := &pb.PinTry{Number: pin.Last, Device: device, Until: d.At + GrantLife, Act: act}
	addGrant(d, pin, g)
	return g
}
