package admin

import (
	"context"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/edge/staff"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// StaffAdd adds an operator, or one of a merchant's own people.
func (s *Server) StaffAdd(ctx context.Context, q *connect.Request[pb.AdminStaffAddRequest]) (*connect.Response[pb.StaffShown], error) {
	m, err := s.desk.Add(ctx, by(ctx), staff.Newcomer{
		Mchid: q.Msg.Mchid, Ref: q.Msg.Ref, Roles: q.Msg.Roles, Uid: q.Msg.Uid,
		Details: &pb.Details{Name: q.Msg.Name, Phone: q.Msg.Phone, Email: q.Msg.Email},
	})
	return s.staffAnswer("add a member of staff", m, err)
}

// StaffList lists operators, a merchant's people, or everybody.
func (s *Server) StaffList(ctx context.Context, q *connect.Request[pb.AdminStaffListRequest]) (*connect.Response[pb.ListMembersResponse], error) {
	page, next, err := s.desk.Page(ctx, q.Msg.After, q.Msg.Limit, func(m *pb.StaffMember) bool { return q.Msg.All || m.Mchid == q.Msg.Mchid })
	if err != nil {
		return nil, s.fail("list staff", err)
	}
	return answer(&pb.ListMembersResponse{Members: page, Next: next})
}

// StaffShow shows one member.
func (s *Server) StaffShow(ctx context.Context, q *connect.Request[pb.AdminStaffRequest]) (*connect.Response[pb.StaffShown], error) {
	m, err := s.member(ctx, q.Msg)
	return s.staffAnswer("show a member of staff", m, err)
}

// StaffSetRoles replaces a member's roles.
func (s *Server) StaffSetRoles(ctx context.Context, q *connect.Request[pb.AdminStaffSetRolesRequest]) (*connect.Response[pb.StaffShown], error) {
	m, err := s.member(ctx, q.Msg.Member)
	if err == nil {
		m, err = s.desk.SetRoles(ctx, by(ctx), m.Id, q.Msg.Roles)
	}
	return s.staffAnswer("set roles", m, err)
}

// StaffToken gives a member a new token.
func (s *Server) StaffToken(ctx context.Context, q *connect.Request[pb.AdminStaffRequest]) (*connect.Response[pb.NewTokenResponse], error) {
	m, err := s.member(ctx, q.Msg)
	if err != nil {
		return nil, s.fail("make a token", err)
	}
	a, err := s.desk.Token(ctx, by(ctx), m.Id)
	if err != nil {
		return nil, s.fail("make a token", err)
	}
	return answer(a)
}

// StaffEndPasskey removes a passkey of a member's.
func (s *Server) StaffEndPasskey(ctx context.Context, q *connect.Request[pb.AdminStaffEndPasskeyRequest]) (*connect.Response[pb.StaffShown], error) {
	m, err := s.member(ctx, q.Msg.Member)
	if err == nil {
		m, err = s.desk.EndPasskey(ctx, by(ctx), m.Id, q.Msg.Credential)
	}
	return s.staffAnswer("remove a passkey", m, err)
}

// StaffEndSession ends one of a member's sessions, or all.
func (s *Server) StaffEndSession(ctx context.Context, q *connect.Request[pb.AdminStaffEndSessionRequest]) (*connect.Response[pb.StaffShown], error) {
	m, err := s.member(ctx, q.Msg.Member)
	if err == nil {
		m, err = s.desk.EndSession(ctx, by(ctx), m.Id, q.Msg.Number)
	}
	return s.staffAnswer("end a session", m, err)
}

// StaffEnd ends a member.
func (s *Server) StaffEnd(ctx context.Context, q *connect.Request[pb.AdminStaffRequest]) (*connect.Response[pb.StaffShown], error) {
	m, err := s.member(ctx, q.Msg)
	if err == nil {
		m, err = s.desk.End(ctx, by(ctx), m.Id)
	}
	return s.staffAnswer("end a member of staff", m, err)
}

func (s *Server) member(ctx context.Context, q *pb.AdminStaffRequest) (*pb.StaffMember, error) {
	return s.desk.Find(ctx, q.GetId(), q.GetMchid(), q.GetRef())
}

func (s *Server) staffAnswer(doing string, m *pb.StaffMember, err error) (*connect.Response[pb.StaffShown], error) {
	if err != nil {
		return nil, s.fail(doing, err)
	}
	return answer(s.desk.Shown(m))
}

// by is the caller as commands say it.
func by(ctx context.Context) staff.By { return staff.By{Actor: actor(ctx), Request: requestID(ctx)} }
