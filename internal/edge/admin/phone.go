package admin

import (
	"context"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// PersonPhone gives a person another phone number, or their first.
func (s *Server) PersonPhone(ctx context.Context, q *connect.Request[pb.AdminPersonPhoneRequest]) (*connect.Response[pb.AdminPerson], error) {
	number, ok := personal.Phone(q.Msg.Phone)
	if !ok {
		return nil, refuse(code.PhoneTagInvalid)
	}
	var p *pb.Person
	if err := s.read(ctx, "find a person", func(r table.Reader) (err error) {
		p, err = find(r, q.Msg.Uid, q.Msg.PersonRef)
		return err
	}); err != nil {
		return nil, err
	}
	switch {
	case p.ErasedAt != 0:
		return nil, refuse(code.PersonErased)
	case p.Details == nil || s.People == nil:
		return nil, refuse(code.PersonNotSealed)
	}
	c := &pb.PersonPhone{Uid: p.Uid, Before: p.Details.Hash}
	var err error
	if c.PhoneTag, err = s.People.PhoneTag(ctx, number); err != nil {
		return nil, s.fail("hash a phone number", err)
	}
	if c.Details, err = s.People.Reseal(ctx, p.Details, func(d *pb.Details) { d.Phone = number }); err != nil {
		return nil, s.fail("seal a phone number", err)
	}
	if _, err := do(ctx, s, person.Phone, c); err != nil {
		return nil, err
	}
	return s.personAnswer(ctx, p.Uid, "")
}
