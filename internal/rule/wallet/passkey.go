package wallet

import (
	"bytes"
	"encoding/base64"
	"slices"

	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// MaxPasskeys is how many passkeys a person may have.
	MaxPasskeys = 5
	// ChallengeLife is how long a passkey may take to sign a challenge.
	ChallengeLife = 2 * stamp.Minute
	// maxCOSE bounds a passkey's public key; one of RSA with 4,096 bits has 550 bytes.
	maxCOSE = 600
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

// Passkey finds a passkey by its number, nil when it is not there.
func Passkey(of *pb.Passkeys, credential []byte) *pb.Passkey {
	for _, k := range of.List {
		if bytes.Equal(k.Credential, credential) {
			return k
		}
	}
	return nil
}

// secured says whether there is anything but the device that the person can be asked for.
func secured(w *pb.Wallet) bool { return hasPIN(w) || w.Passkeys > 0 }

// ApplyPasskeyAdd adds a passkey. Its own number is the identity: the same key again
// changes nothing. That the edge has verified how it was made is not looked at; the
// journal keeps the public key, with which all its assertions are checked. The first
// is not added by a device that still waits to be trusted.
//
// Refuses, in this order: PasskeyInvalid, TextInvalid (label); PasskeyExists; what
// wallet.CheckAct refuses; DeviceWaits, PasskeysTooMany.
func ApplyPasskeyAdd(d *deed.Deed, c *pb.PasskeyAdd) (code.Code, *pb.Passkeys) {
	k := c.Passkey
	switch {
	case k == nil || len(k.Credential) == 0 || len(k.Credential) > assertion.MaxCredential || len(k.PublicKey) == 0 || len(k.PublicKey) > maxCOSE:
		return code.PasskeyInvalid, nil
	case k.Label == "" || !Text(k.Label, maxLabel):
		return code.TextInvalid, nil
	}
	of := PasskeysOf(d.Tx, c.Uid)
	if old := Passkey(of, k.Credential); old != nil {
		if !bytes.Equal(old.PublicKey, k.PublicKey) {
			return code.PasskeyExists, nil
		}
		return code.OK, of
	}
	leave, out := CheckAct(d, c.Uid, c.Consent, true)
	switch {
	case out != code.OK:
		return out, nil
	case !secured(leave.Wallet()) && leave.waits(d):
		return code.DeviceWaits, nil
	case len(of.List) >= MaxPasskeys:
		return code.PasskeysTooMany, nil
	}
	// From here the command succeeds.
	of.List = append(of.List, &pb.Passkey{
		Credential: k.Credential, PublicKey: k.PublicKey, SignCount: k.SignCount, Flags: k.Flags, Label: k.Label, AddedAt: d.At,
	})
	name := base64.StdEncoding.EncodeToString(k.Credential) + " " + base64.StdEncoding.EncodeToString(k.PublicKey)
	keepPasskeys(d, leave, of, name, c.Consent)
	return code.OK, of
}

// ApplyPasskeyEnd removes a passkey. It takes a grant, of the PIN or of any passkey:
// whoever has only the device must not take away what it is asked for. Who has lost
// the last one goes the way of a forgotten PIN. What is removed already is done.
//
// Refuses, in this order: what wallet.CheckAct refuses.
func ApplyPasskeyEnd(d *deed.Deed, c *pb.PasskeyEnd) (code.Code, *pb.Passkeys) {
	of := PasskeysOf(d.Tx, c.Uid)
	if _, ok := Get(d.Tx, c.Uid); ok && Passkey(of, c.Credential) == nil {
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
	if !assertion.Complete(a) || assertion.Flags(a)&assertion.UserPresent == 0 || assertion.Flags(a)&assertion.UserVerified == 0 {
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
	k, count := Passkey(of, a.Credential), assertion.Count(a)
	switch {
	case !open(d, c, of, a.Challenge):
		return code.ChallengeOver, nil
	case k == nil:
		return code.PasskeyUnknown, nil
	case count <= k.SignCount && (count > 0 || k.SignCount > 0):
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
	return ch.Subject == Subject(c.Uid) && bytes.Equal(ch.Device, c.Consent.Device) && ch.Number == of.Met+1 &&
		d.At < ch.Until && ch.Until <= d.At+ChallengeLife+stamp.Minute // nodes' clocks differ a little
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
