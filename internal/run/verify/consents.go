package verify

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/edge/httpsig"
	"github.com/holdfast-pay/holdfast/internal/edge/passkey"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/staff"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// consents checks what people's devices signed. Applying commands does not, so that a
// node that was taken over could make acts up; here they are found, from the journal
// alone: an enrolment's entry has the device's public key.
type consents struct {
	keys map[string]*ecdsa.PublicKey // by device
	// used has the beginning of each text that was signed: one signature is for one act.
	used map[uint64]uint64
	// passkeys has the public keys by number.
	passkeys map[string]kept
	// met has the last challenge of each owner that was met.
	met   map[string]uint64
	fault func(seq uint64, what string)
	count uint64
}

func newConsents(fault func(seq uint64, what string)) *consents {
	return &consents{keys: map[string]*ecdsa.PublicKey{}, used: map[uint64]uint64{}, passkeys: map[string]kept{}, met: map[string]uint64{}, fault: fault}
}

// add looks at one entry.
func (c *consents) add(seq uint64, e *pb.Entry) {
	if catalogue.Number(e.Number) == catalogue.DeviceEnrol && e.Name != "" {
		c.enrol(seq, e.Name)
	}
	if n := catalogue.Number(e.Number); (n == catalogue.PasskeyAdd || n == catalogue.StaffPasskeyAdd) && e.Name != "" {
		c.addPasskey(seq, e)
	}
	if s := e.Consent; s != nil {
		c.count++
		if !ofStaff(e) {
			c.check(seq, s)
		}
		if s.Assertion != nil {
			c.checkAssertion(seq, e)
		}
	}
}

// ofStaff says whether a passkey of a member of staff's signed it, and no device did.
func ofStaff(e *pb.Entry) bool {
	return e.Consent.Assertion != nil && len(e.Consent.Device) == 0 && strings.HasPrefix(e.Entity, "staff/")
}

// askedAs is whose challenge an entry's passkey may meet.
func askedAs(e *pb.Entry) string {
	if ofStaff(e) {
		return staff.Subject
	}
	_, uid, _ := strings.Cut(e.Entity, "/")
	return "person/" + uid
}

// kept is a passkey that was added.
type kept struct {
	owner string // whose it is, as the journal names them
	key   []byte
}

// addPasskey notes the public key of a passkey.
func (c *consents) addPasskey(seq uint64, e *pb.Entry) {
	id64, key64, _ := strings.Cut(e.Name, " ")
	id, err := base64.StdEncoding.DecodeString(id64)
	key, err2 := base64.StdEncoding.DecodeString(key64)
	if err != nil || err2 != nil {
		c.fault(seq, "adds a passkey whose public key is none")
		return
	}
	c.passkeys[string(id)] = kept{e.Entity, key}
}

// checkAssertion checks what a passkey signed: that it did, whose it is, who asked for
// it, and that no challenge was met twice.
func (c *consents) checkAssertion(seq uint64, e *pb.Entry) {
	a := e.Consent.Assertion
	passkeyOf, known := c.passkeys[string(a.Credential)]
	ch := a.GetChallenge()
	switch {
	case !known || passkeyOf.owner != e.Entity:
		c.fault(seq, fmt.Sprintf("has the assertion of passkey %x, which nobody added there", a.Credential))
		return
	case ch.GetSubject() != askedAs(e) || !bytes.Equal(ch.GetDevice(), e.Consent.Device):
		c.fault(seq, fmt.Sprintf("has an assertion that %s asked for by device %x", ch.GetSubject(), ch.GetDevice()))
		return
	case ch.Number <= c.met[e.Entity]:
		c.fault(seq, fmt.Sprintf("meets challenge %d, which was met", ch.Number))
	}
	c.met[e.Entity] = max(c.met[e.Entity], ch.Number)
	if err := passkey.Audit(passkeyOf.key, a); err != nil {
		c.fault(seq, fmt.Sprintf("has an assertion of passkey %x: %v", a.Credential, err))
	}
}

// enrol notes the public key of a device.
func (c *consents) enrol(seq uint64, name string) {
	point, err := base64.StdEncoding.DecodeString(name)
	if err == nil {
		var key *ecdsa.PublicKey
		if key, err = httpsig.PublicKey(point); err == nil {
			c.keys[string(wallet.DeviceID(point))] = key
			return
		}
	}
	c.fault(seq, "enrols a device whose public key is none")
}

func (c *consents) check(seq uint64, s *pb.Consent) {
	key, known := c.keys[string(s.Device)]
	switch {
	case !known:
		c.fault(seq, fmt.Sprintf("has the consent of device %x, which nobody enrolled", s.Device))
		return
	case len(s.Signed) != 32 || !httpsig.Verify(key, s.Signed, s.Signature):
		c.fault(seq, fmt.Sprintf("has a consent that device %x did not sign", s.Device))
		return
	}
	text := binary.BigEndian.Uint64(s.Signed)
	if before, twice := c.used[text]; twice {
		c.fault(seq, fmt.Sprintf("has the consent that entry %d used", before))
	}
	c.used[text] = seq
}
