package wallet

import (
	"cmp"
	"context"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/edge/staff"
	"github.com/holdfast-pay/holdfast/internal/pb"
	staffrule "github.com/holdfast-pay/holdfast/internal/rule/staff"
)

// ListWork implements WalletService.
func (s *Server) ListWork(ctx context.Context, _ *connect.Request[pb.ListWorkRequest]) (*connect.Response[pb.ListWorkResponse], error) {
	list := &pb.ListWorkResponse{}
	if err := s.read(ctx, "list work", func(r table.Reader) error {
		who := from(ctx)
		_, _, out := own(r, who)
		for _, m := range staffrule.OfPerson(r, who.uid) {
			if m.EndedAt == 0 {
				list.Work = append(list.Work, s.workView(r, m))
			}
		}
		return out.Err()
	}); err != nil {
		return nil, err
	}
	return answer(list)
}

// workView is a member of staff as the person sees them who they are.
func (s *Server) workView(r table.Reader, m *pb.StaffMember) *pb.WorkView {
	v := &pb.WorkView{Staff: m.Id, Ref: m.Ref, Mchid: m.Mchid}
	if m.Mchid != "" {
		v.Merchant = merchantName(r, m.Mchid)
	}
	for _, role := range m.Roles {
		v.Roles = append(v.Roles, rpc.Word(role))
	}
	now := s.Now()
	for _, one := range m.Sessions {
		if now < one.Until {
			v.Sessions = append(v.Sessions, &pb.WorkSession{Number: one.Number, OpenedAt: one.OpenedAt, Until: one.Until, Label: one.Label})
		}
	}
	return v
}

// theirs says whether the caller is that member of staff. Who is not learns nothing of
// whether there is one.
func (s *Server) theirs(ctx context.Context, id uint64) error {
	return s.read(ctx, "find a member of staff", func(r table.Reader) error {
		who := from(ctx)
		_, _, out := own(r, who)
		if m, ok := staffrule.Peek(r, id); out == code.OK && (!ok || m.Uid != who.uid) {
			out = code.StaffNotFound
		}
		return out.Err()
	})
}

// SignInStaff implements WalletService. The device signs the hash of a secret that the
// screen alone has, so that what opens does not pass through the phone.
func (s *Server) SignInStaff(ctx context.Context, q *connect.Request[pb.SignInStaffRequest]) (*connect.Response[pb.WorkView], error) {
	who, m := from(ctx), q.Msg
	if err := s.theirs(ctx, m.Staff); err != nil {
		return nil, err
	}
	return worked(ctx, s, staffrule.OpenSession, &pb.SessionOpen{
		Id: m.Staff, Hash: m.Hash, LifeMs: staff.Life(m.LifeS), Label: cmp.Or(m.Label, "wallet"), Consent: who.consent(m.Grant),
	})
}

// EndWorkSession implements WalletService.
func (s *Server) EndWorkSession(ctx context.Context, q *connect.Request[pb.EndWorkSessionRequest]) (*connect.Response[pb.WorkView], error) {
	if err := s.theirs(ctx, q.Msg.Staff); err != nil {
		return nil, err
	}
	return worked(ctx, s, staffrule.EndSession, &pb.SessionEnd{Id: q.Msg.Staff, Number: q.Msg.Number, Consent: from(ctx).consent(0)})
}

// worked runs a command about the caller's work and shows what it is now.
func worked[B table.Record](ctx context.Context, s *Server, c catalogue.Command[B, *pb.StaffMember], body B) (*connect.Response[pb.WorkView], error) {
	m, err := do(ctx, s, c, body)
	if err != nil {
		return nil, err
	}
	var v *pb.WorkView
	if err := s.readOwn(ctx, "show work", func(r table.Reader) error {
		v = s.workView(r, m)
		return nil
	}); err != nil {
		return nil, err
	}
	return answer(v)
}
