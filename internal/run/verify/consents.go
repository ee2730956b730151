package verify

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/edge/httpsig"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// consents checks what people's devices signed. Applying commands does not, so that a
// node that was taken over could make acts up; here they are found, from the journal
// alone: an enrolment's entry has the device's public key.
type consents struct {
	keys map[string]*ecdsa.PublicKey // by device
	// used has the beginning of each text that was signed: one signature is for one act.
	used  map[uint64]uint64
	fault func(seq uint64, what string)
	count uint64
}

func newConsents(fault func(seq uint64, what string)) *consents {
	return &consents{keys: map[string]*ecdsa.PublicKey{}, used: map[uint64]uint64{}, fault: fault}
}

// add looks at one entry.
func (c *consents) add(seq uint64, e *pb.Entry) {
	if catalogue.Number(e.Number) == catalogue.DeviceEnrol && e.Name != "" {
		c.enrol(seq, e.Name)
	}
	if s := e.Consent; s != nil {
		c.count++
		c.check(seq, s)
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
