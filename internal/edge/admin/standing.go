package admin

import (
	"context"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/staff"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/standing"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// PersonGrade says how well a person is known.
func (s *Server) PersonGrade(ctx context.Context, q *connect.Request[pb.AdminPersonGradeRequest]) (*connect.Response[pb.AdminPerson], error) {
	p, err := s.person(ctx, q.Msg.Uid, q.Msg.PersonRef)
	if err != nil {
		return nil, err
	}
	if _, err := do(ctx, s, wallet.SetGrade, &pb.GradeSet{Uid: p.Uid, Grade: q.Msg.Grade}); err != nil {
		return nil, err
	}
	return s.personAnswer(ctx, p.Uid, "")
}

// PersonErase erases a person's details for good, and ends their wallet.
func (s *Server) PersonErase(ctx context.Context, q *connect.Request[pb.AdminPersonShowRequest]) (*connect.Response[pb.AdminPerson], error) {
	p, err := s.person(ctx, q.Msg.Uid, q.Msg.Ref)
	if err != nil {
		return nil, err
	}
	if _, err := do(ctx, s, wallet.Erase, &pb.PersonErase{Uid: p.Uid}); err != nil {
		return nil, err
	}
	return s.personAnswer(ctx, p.Uid, "")
}

// person finds a person by number, or by reference when the number is 0.
func (s *Server) person(ctx context.Context, uid uint64, ref string) (p *pb.Person, err error) {
	err = s.read(ctx, "find a person", func(r table.Reader) (err error) {
		p, err = find(r, uid, ref)
		return err
	})
	return p, err
}

// maxAppeals bounds a list of appeals.
const maxAppeals = 1000

// AppealList lists the appeals that nobody has decided, oldest first.
func (s *Server) AppealList(ctx context.Context, q *connect.Request[pb.AdminAppealListRequest]) (*connect.Response[pb.AdminAppealListResponse], error) {
	limit, a := int(min(q.Msg.Limit, maxAppeals)), new(pb.AdminAppealListResponse)
	if limit == 0 {
		limit = 100
	}
	err := s.read(ctx, "list appeals", func(r table.Reader) error {
		standing.Waiting(r, func(appeal *pb.Appeal) bool {
			if a.More = len(a.Appeals) == limit; a.More {
				return false
			}
			if p, ok := person.Get(r, appeal.Uid); ok {
				a.Appeals = append(a.Appeals, s.shownAppeal(appeal, p))
			}
			return true
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(a)
}

// AppealDecide decides an appeal, with an answer that the person reads.
func (s *Server) AppealDecide(ctx context.Context, q *connect.Request[pb.AdminAppealDecideRequest]) (*connect.Response[pb.AdminPerson], error) {
	m := q.Msg
	p, err := s.person(ctx, m.Uid, m.PersonRef)
	if err != nil {
		return nil, err
	}
	c := &pb.AppealDecide{Uid: p.Uid, Number: m.Number, Grant: m.Grant}
	if m.Answer != "" {
		if !wallet.Prose(m.Answer, staff.MaxAnswer) {
			return nil, refuse(code.TextInvalid)
		}
		if c.Answer, err = s.desk.SealedFor(ctx, m.Answer, p); err != nil {
			return nil, s.fail("seal an answer", err)
		}
	}
	if _, err := do(ctx, s, standing.Decide, c); err != nil {
		return nil, err
	}
	return s.personAnswer(ctx, p.Uid, "")
}

func (s *Server) shownAppeal(a *pb.Appeal, p *pb.Person) *pb.AppealShown {
	return &pb.AppealShown{
		Uid: a.Uid, Number: a.Number, State: standing.Word(a.State), FiledAt: a.FiledAt, DecidedAt: a.DecidedAt,
		Words: s.opened(a.Words, p), Answer: s.opened(a.Answer, p), BlockReason: p.BlockReason, Why: why(p), BlockedAt: p.BlockedAt,
	}
}

// opened is what a sealed text says, "" when this node can't open it.
func (s *Server) opened(text *pb.Sealed, p *pb.Person) string {
	if text == nil || s.People == nil {
		return ""
	}
	said, err := s.People.OpenMemo(text, p)
	if err != nil {
		return ""
	}
	return said
}

// why is the name of what a blocked person is told.
func why(p *pb.Person) string {
	if !p.Blocked {
		return ""
	}
	return code.Blocked(p.BlockWhy).Name
}

// LimitsList lists what people of each grade may move.
func (s *Server) LimitsList(ctx context.Context, _ *connect.Request[pb.AdminLimitsListRequest]) (*connect.Response[pb.AdminLimits], error) {
	a := new(pb.AdminLimits)
	if err := s.read(ctx, "list limits", func(r table.Reader) error {
		a.Grades = wallet.Graded(r)
		return nil
	}); err != nil {
		return nil, err
	}
	return answer(a)
}

// LimitsSet replaces the limits of one grade.
func (s *Server) LimitsSet(ctx context.Context, q *connect.Request[pb.AdminLimitsSetRequest]) (*connect.Response[pb.AdminLimits], error) {
	if _, err := do(ctx, s, wallet.SetLimits, &pb.LimitsSet{Limits: q.Msg.Limits}); err != nil {
		return nil, err
	}
	return s.LimitsList(ctx, connect.NewRequest(&pb.AdminLimitsListRequest{}))
}
