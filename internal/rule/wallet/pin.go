package wallet

import (
	"bytes"
	"slices"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// freeTries is how many wrong PINs in a row lock nothing.
	freeTries = 5
	// maxOpen is how many tries may be reserved at once.
	maxOpen = freeTries
	// tryLife is after what time the result of a try is not taken any more.
	tryLife = stamp.Minute
	// GrantLife is how long a right PIN is good for one act.
	GrantLife = 2 * stamp.Minute
	maxGrants = 4
	// ForgottenWait is how long it takes until a forgotten PIN may be replaced.
	ForgottenWait = stamp.DayMs
)

// locks are how long the PIN is locked after the fifth wrong try in a row, the
// sixth, and so on; the last holds for all that follow.
var locks = [...]int64{10 * stamp.Minute, stamp.Hour, 6 * stamp.Hour, stamp.DayMs}

func hasPIN(w *pb.Wallet) bool { return w.Pin != nil && w.Pin.Hash != "" }

// ApplyPinReserve takes one try before the PIN is compared, so that guesses that run
// at the same time, on whichever node, gain nothing: a try counts as wrong until it
// is known to be right. (person, key) is the identity.
//
// Refuses, in this order: ConsentNeeded (no key), PersonNotFound, PersonBlocked,
// DeviceUnknown, PinNotSet, PinLocked.
func ApplyPinReserve(d *deed.Deed, c *pb.PinReserve) (code.Code, *pb.PinTry) {
	if len(c.Key) != KeySize {
		return code.ConsentNeeded, nil
	}
	w, _, out := usable(d.Tx, c.Uid, c.Device)
	switch {
	case out != code.OK:
		return out, nil
	case !hasPIN(w):
		return code.PinNotSet, nil
	}
	pin := w.Pin
	for _, t := range pin.Open {
		if bytes.Equal(t.Key, c.Key) {
			return code.OK, t
		}
	}
	pin.Open = slices.DeleteFunc(pin.Open, func(t *pb.PinTry) bool { return d.At >= t.Until })
	if d.At < pin.LockedUntil || len(pin.Open) == maxOpen {
		return code.PinLocked, nil
	}
	// From here the command succeeds.
	pin.Failed++
	if pin.Failed >= freeTries {
		pin.LockedUntil = d.At + locks[min(int(pin.Failed)-freeTries, len(locks)-1)]
	}
	pin.Last++
	t := &pb.PinTry{Number: pin.Last, Device: c.Device, Until: d.At + tryLife, Key: c.Key}
	pin.Open = append(pin.Open, t)
	put(d.Tx, w)
	d.Record(entity(w.Uid), "", nil)
	return code.OK, t
}

// ApplyPinResult says how a reserved try came out. A right one gives back all that
// were counted, ends a wait for a new PIN, and leaves a grant under the try's number;
// its repeat finds the grant.
//
// Refuses, in this order: PersonNotFound, PinTryUnknown.
func ApplyPinResult(d *deed.Deed, c *pb.PinResult) (code.Code, *pb.PinTry) {
	w, ok := Get(d.Tx, c.Uid)
	if !ok {
		return code.PersonNotFound, nil
	}
	if w.Pin == nil {
		return code.PinTryUnknown, nil
	}
	pin := w.Pin
	numbered := func(t *pb.PinTry) bool { return t.Number == c.Number }
	if i := slices.IndexFunc(pin.Grants, numbered); i >= 0 && c.Right {
		return code.OK, pin.Grants[i]
	}
	i := slices.IndexFunc(pin.Open, numbered)
	if i < 0 || d.At >= pin.Open[i].Until {
		return code.PinTryUnknown, nil
	}
	// From here the command succeeds.
	t := pin.Open[i]
	pin.Open = slices.Delete(pin.Open, i, i+1)
	if c.Right {
		pin.Failed, pin.LockedUntil, pin.ResetAt = 0, 0, 0
		t.Until = d.At + GrantLife
		addGrant(d, pin, t)
	}
	put(d.Tx, w)
	d.Record(entity(w.Uid), "", nil)
	return code.OK, t
}

// addGrant keeps a grant, and drops those that are over.
func addGrant(d *deed.Deed, pin *pb.Pin, t *pb.PinTry) {
	pin.Grants = append(slices.DeleteFunc(pin.Grants, func(g *pb.PinTry) bool { return d.At >= g.Until }), t)
	pin.Grants = pin.Grants[max(0, len(pin.Grants)-maxGrants):]
}

// ApplyPinSet sets the PIN. One that is there is replaced with a grant of it, or
// without one once the wait that ApplyPinForget began is over. The first is not set by
// a device that still waits to be trusted.
//
// Refuses, in this order: PinHashInvalid, what wallet.CheckAct refuses, PinTooSoon,
// DeviceWaits.
func ApplyPinSet(d *deed.Deed, c *pb.PinSet) (code.Code, *pb.Wallet) {
	if !strings.HasPrefix(c.Hash, "$argon2id$") || len(c.Hash) > 256 {
		return code.PinHashInvalid, nil
	}
	forgotten := false
	if w, ok := Get(d.Tx, c.Uid); ok && w.Pin != nil && w.Pin.ResetAt != 0 {
		if forgotten = d.At >= w.Pin.ResetAt; !forgotten && c.Consent.GetGrant() == 0 {
			return code.PinTooSoon, nil
		}
	}
	leave, out := CheckAct(d, c.Uid, c.Consent, !forgotten)
	if out != code.OK {
		return out, nil
	}
	w := leave.Wallet()
	if !secured(w) && leave.waits(d) {
		return code.DeviceWaits, nil
	}
	// From here the command succeeds.
	last := w.GetPin().GetLast() // tries keep their numbers
	w.Pin = &pb.Pin{Hash: c.Hash, Last: last}
	leave.Use(d)
	d.Record(entity(w.Uid), "", nil)
	d.Consent(c.Consent)
	return code.OK, w
}

// ApplyPinForget starts the wait after which the PIN may be replaced without the old
// one, or set without a passkey that is lost. The person proves to have the phone number, and the right PIN ends the wait.
// Asking again does not start it anew. A wrong code is counted, so that it is no
// refusal: the Enrolment is not Right.
//
// Refuses, in this order: what wallet.CheckAct refuses; PinNotSet; CodeExpired.
func ApplyPinForget(d *deed.Deed, c *pb.PinForget) (code.Code, *pb.Enrolment) {
	leave, out := CheckAct(d, c.Uid, c.Consent, false)
	if out != code.OK {
		return out, nil
	}
	w := leave.Wallet()
	if !secured(w) {
		return code.PinNotSet, nil
	}
	if w.Pin == nil {
		w.Pin = new(pb.Pin) // there are only passkeys
	}
	sent, out := openCode(d, w.PhoneTag)
	if out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	right := tryCode(d, w.PhoneTag, sent, c.Proof)
	if right && w.Pin.ResetAt == 0 {
		w.Pin.ResetAt = d.At + ForgottenWait
	}
	leave.Use(d)
	d.Record(entity(w.Uid), "", nil)
	d.Consent(c.Consent)
	return code.OK, &pb.Enrolment{Right: right, Left: left(sent), Uid: w.Uid, Device: c.Consent.Device}
}
