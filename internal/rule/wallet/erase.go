package wallet

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// ApplyErase erases a person's details and ends their wallet: devices, PIN,
// passkeys and the phone number's tag go. The account stays, and what the books say of it. Done
// already it changes nothing.
//
// Refuses: PersonNotFound.
func ApplyErase(d *deed.Deed, c *pb.PersonErase) (code.Code, *pb.Person) {
	p, ok := person.Get(d.Tx, c.Uid)
	if !ok {
		return code.PersonNotFound, nil
	}
	if p.ErasedAt != 0 {
		return code.OK, p
	}
	// From here the command succeeds.
	end(d, p.Uid)
	person.Forget(d, p)
	return code.OK, p
}

// end takes everything out of a wallet by which its owner could act or be found.
func end(d *deed.Deed, uid uint64) {
	w, ok := Get(d.Tx, uid)
	if !ok {
		return
	}
	for _, dev := range w.Devices {
		d.Tx.Delete(deviceKey(dev.Id))
	}
	w.Devices, w.Pin, w.PhoneTag, w.Passkeys = nil, nil, nil, 0
	d.Tx.Delete(passkeysKey(uid))
	put(d.Tx, w)
	d.Record(entity(uid), "", nil)
}
