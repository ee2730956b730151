package staff

import (
	"context"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// owner is the merchant whose owner calls; nobody else may.
func owner(ctx context.Context) (mchid string, err error) {
	m, _ := staffauth.From(ctx)
	return m.Mchid, m.Require(pb.StaffRole_STAFF_ROLE_OWNER)
}

// own finds one of the people of the owner who calls.
func (s *Server) own(ctx context.Context, ref string) (*pb.StaffMember, error) {
	mchid, err := owner(ctx)
	if err != nil {
		return nil, err
	}
	return s.Desk.Find(ctx, 0, mchid, ref)
}

// AddMember adds somebody to the owner's merchant.
func (s *Server) AddMember(ctx context.Context, q *connect.Request[pb.AddMemberRequest]) (*connect.Response[pb.StaffShown], error) {
	mchid, err := owner(ctx)
	if err != nil {
		return nil, s.fail(ctx, "add a member", err)
	}
	m, err := s.Desk.Add(ctx, by(ctx), Newcomer{
		Mchid: mchid, Ref: q.Msg.Ref, Roles: q.Msg.Roles, Details: &pb.Details{Name: q.Msg.Name, Phone: q.Msg.Phone, Email: q.Msg.Email},
	})
	return s.answer(ctx, "add a member", m, err)
}

// ListMembers lists the people of the owner's merchant.
func (s *Server) ListMembers(ctx context.Context, q *connect.Request[pb.ListMembersRequest]) (*connect.Response[pb.ListMembersResponse], error) {
	mchid, err := owner(ctx)
	if err != nil {
		return nil, s.fail(ctx, "list members", err)
	}
	page, next, err := s.Desk.Page(ctx, q.Msg.After, q.Msg.Limit, func(m *pb.StaffMember) bool { return m.Mchid == mchid })
	if err != nil {
		return nil, s.fail(ctx, "list members", err)
	}
	return connect.NewResponse(&pb.ListMembersResponse{Members: page, Next: next}), nil
}

// SetMemberRoles replaces the roles of one of the owner's people.
func (s *Server) SetMemberRoles(ctx context.Context, q *connect.Request[pb.SetMemberRolesRequest]) (*connect.Response[pb.StaffShown], error) {
	m, err := s.own(ctx, q.Msg.Ref)
	if err == nil {
		m, err = s.Desk.SetRoles(ctx, by(ctx), m.Id, q.Msg.Roles)
	}
	return s.answer(ctx, "set roles", m, err)
}

// NewMemberToken gives one of the owner's people a new token.
func (s *Server) NewMemberToken(ctx context.Context, q *connect.Request[pb.NewMemberTokenRequest]) (*connect.Response[pb.NewTokenResponse], error) {
	m, err := s.own(ctx, q.Msg.Ref)
	if err != nil {
		return nil, s.fail(ctx, "make a token", err)
	}
	a, err := s.Desk.Token(ctx, by(ctx), m.Id)
	if err != nil {
		return nil, s.fail(ctx, "make a token", err)
	}
	return connect.NewResponse(a), nil
}

// EndMember ends one of the owner's people.
func (s *Server) EndMember(ctx context.Context, q *connect.Request[pb.EndMemberRequest]) (*connect.Response[pb.StaffShown], error) {
	m, err := s.own(ctx, q.Msg.Ref)
	if err == nil {
		m, err = s.Desk.End(ctx, by(ctx), m.Id)
	}
	return s.answer(ctx, "end a member", m, err)
}
