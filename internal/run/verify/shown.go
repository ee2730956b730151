package verify

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// shown checks the codes that devices showed to tills. Whether a device made a code
// cannot be seen afterwards: its secret is nowhere. What can be seen is that a device
// signed for the alias in the code, and that no code was taken twice.
type shown struct {
	// devices has whom an alias was given to last.
	devices map[uint32][]byte
	// used has the entry that each code paid.
	used  map[instant]uint64
	fault func(seq uint64, what string)
}

// instant is a code's identity.
type instant struct {
	device string
	step   uint64
	tap    uint32
}

func newShown(fault func(seq uint64, what string)) *shown {
	return &shown{devices: map[uint32][]byte{}, used: map[instant]uint64{}, fault: fault}
}

// add looks at one entry.
func (s *shown) add(seq uint64, e *pb.Entry) {
	if catalogue.Number(e.Number) == catalogue.PayCodeRenew {
		alias, err := strconv.ParseUint(e.Name, 10, 32)
		if err != nil || e.Consent == nil {
			s.fault(seq, "gives a device an alias that is none, or that it did not ask for")
			return
		}
		s.devices[uint32(alias)] = e.Consent.Device
	}
	if c := e.Shown; c != nil {
		s.check(seq, c)
	}
}

func (s *shown) check(seq uint64, c *pb.ShownCode) {
	if device, given := s.devices[c.Alias]; !given || !bytes.Equal(device, c.Device) {
		s.fault(seq, fmt.Sprintf("is paid by a code with alias %09d, which device %x never signed for", c.Alias, c.Device))
	}
	at := instant{string(c.Device), c.Step, c.Tap}
	if before, twice := s.used[at]; twice {
		s.fault(seq, fmt.Sprintf("is paid by the code that paid entry %d", before))
	}
	s.used[at] = seq
}
