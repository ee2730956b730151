package personal

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// Newcomer is a person to be entered.
type Newcomer struct {
	Ref     string
	Details *pb.Details
	Appids  []string
}

// maxName bounds a name, in characters.
const maxName = 127

// Enter adds a person with sealed details, by the caller's own core. Below feature
// level 5, which knows no sealed details, and without a Sealer, the name enters in
// clear and is sealed later.
func (s *Sealer) Enter(ctx context.Context, core catalogue.Doer, actor, requestID string, who Newcomer) (*pb.Person, code.Code, error) {
	sealed, old, err := s.look(ctx, who.Ref)
	switch {
	case err != nil:
		return nil, 0, err
	case !sealed:
		return person.Add.Do(ctx, core, actor, requestID, &pb.PersonAdd{Ref: who.Ref, Name: who.Details.GetName(), Appids: who.Appids})
	case who.Details.GetName() == "" || utf8.RuneCountInString(who.Details.Name) > maxName || !utf8.ValidString(who.Details.Name):
		return nil, code.NameInvalid, nil // a rule can't look at it
	}
	if old != nil && old.Name != "" {
		if old, err = s.SealRow(ctx, actor, old); err != nil {
			return nil, 0, notTaken(err)
		}
	}
	c := &pb.PersonEnter{Ref: who.Ref, Appids: who.Appids}
	if c.PhoneTag, err = s.PhoneTag(ctx, who.Details.Phone); err != nil {
		return nil, 0, notTaken(err)
	}
	if c.Details, err = s.Again(ctx, old.GetDetails(), who.Details); err != nil {
		return nil, 0, notTaken(err)
	}
	if c.Details.KeyId == old.GetDetails().GetKeyId() {
		return person.Enter.Do(ctx, core, actor, requestID, c)
	}
	p, out, err := person.Enter.Until(s.Until(c.Details)).Do(ctx, core, actor, requestID, c)
	if err == nil {
		s.dropUnused(c.Details.KeyId, p, out)
	}
	return p, out, err
}

// notTaken has a failure to seal say what the caller should do: nothing was decided,
// and it may ask again.
func notTaken(err error) error {
	var already *code.Error
	if errors.As(err, &already) {
		return err
	}
	return fmt.Errorf("%w (%w)", err, code.NotLeader.Err())
}

// look says whether details are sealed at the state's level, and who has the
// reference.
func (s *Sealer) look(ctx context.Context, ref string) (sealed bool, old *pb.Person, err error) {
	if s == nil {
		return false, nil, nil
	}
	err = s.cfg.Core.ReadLatest(ctx, func(r table.Reader) error {
		if head, ok := machine.Head(r); ok {
			sealed = head.Level >= person.LevelSealed
		}
		if p, ok := person.ByRef(r, ref); ok {
			old = p
		}
		return nil
	})
	return sealed, old, err
}

// Again seals details. For a repeat of what sealed old nothing is sealed anew: the hash
// says whether it is one.
func (s *Sealer) Again(ctx context.Context, old *pb.Sealed, d *pb.Details) (*pb.Sealed, error) {
	if old == nil {
		return s.Seal(ctx, d)
	}
	hash, err := s.hash(ctx, d)
	return &pb.Sealed{KeyId: old.KeyId, Box: old.Box, Hash: hash}, err
}

// dropUnused deletes a key that was drawn for a command which was refused, or found
// somebody faster: what it sealed stays in the log and must not be read. Peers
// delete it too when they next compare.
func (s *Sealer) dropUnused(id string, p *pb.Person, out code.Code) {
	s.DropUnless(id, p.GetDetails(), out.Err())
}

// DropUnless deletes a key that was drawn for a command, unless the command was done
// and its record has details sealed under it, or whether it was done is not known.
func (s *Sealer) DropUnless(id string, kept *pb.Sealed, err error) {
	var refused *code.Error
	unknown := err != nil && (!errors.As(err, &refused) || refused.Code.Class() == code.InDoubt)
	other := kept != nil && kept.KeyId != id
	if unknown || err == nil && !other {
		return
	}
	// One that can't be deleted now is a key that no row names.
	_ = s.cfg.Ring.Delete(id)
}

// SealRow seals the name of a person of before level 5 and returns the row as it
// is then. If the row changed meanwhile, nothing is sealed.
func (s *Sealer) SealRow(ctx context.Context, actor string, p *pb.Person) (*pb.Person, error) {
	details, err := s.Seal(ctx, &pb.Details{Name: p.Name})
	if err != nil {
		return nil, err
	}
	now, out, err := person.Seal.Until(s.Until(details)).Do(ctx, s.cfg.Core, actor, "", &pb.PersonSeal{Uid: p.Uid, Details: details, Clear: person.ClearCommitment(p)})
	if err != nil {
		return nil, err
	}
	s.dropUnused(details.KeyId, now, out)
	if !out.OK() {
		return nil, out.Err()
	}
	return now, nil
}
