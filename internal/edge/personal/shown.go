package personal

import (
	"errors"

	"github.com/holdfast-pay/holdfast/internal/engine/keyring"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Shown is what this node can show of a person.
type Shown struct {
	Name, Phone, Email string
	// Missing says why the details are not shown, "" when they are.
	Missing string
}

// Why details are not shown.
const (
	MissingErased  = "the details were erased"
	MissingKey     = "this node does not have the key of the details yet; it fetches it from the others"
	MissingDamaged = "the key of the details is damaged on this node; it fetches it from the others"
	MissingBox     = "the details do not open under their key"
	MissingRing    = "the details are sealed, and no keyring is open here"
)

// Of shows a person: by the name in clear of before level 5, or by opening the
// sealed details.
func (s *Sealer) Of(p *pb.Person) Shown {
	switch {
	case p.ErasedAt != 0:
		return Shown{Missing: MissingErased}
	case p.Details == nil:
		return Shown{Name: p.Name}
	}
	return s.Opened(p.Details)
}

// Opened shows sealed details.
func (s *Sealer) Opened(x *pb.Sealed) Shown {
	if s == nil {
		return Shown{Missing: MissingRing}
	}
	d, err := s.Open(x)
	if err != nil {
		return Shown{Missing: Missing(err)}
	}
	return Shown{Name: d.Name, Phone: d.Phone, Email: d.Email}
}

// Missing says why something sealed is not shown.
func Missing(err error) string {
	var damage *keyring.Damage
	switch {
	case errors.Is(err, keyring.ErrGone):
		return MissingErased
	case errors.Is(err, keyring.ErrNone), errors.Is(err, keyring.ErrWrapping):
		return MissingKey
	case errors.As(err, &damage):
		return MissingDamaged
	case errors.Is(err, ErrBox):
		return MissingBox
	}
	return err.Error()
}

// Email is the person's e-mail address, "" when there is none or it can't be shown.
func (s *Sealer) Email(p *pb.Person) string { return s.Of(p).Email }

// Name is the person's name, or in brackets why it is not shown.
func (s *Sealer) Name(p *pb.Person) string {
	shown := s.Of(p)
	if shown.Missing != "" {
		return "(" + shown.Missing + ")"
	}
	return shown.Name
}
