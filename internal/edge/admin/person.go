package admin

import (
	"context"
	"crypto/rand"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/standing"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// topupLine is the bank line whose clearing account an operator's top-ups are
// booked against.
const topupLine = "topup"

// PersonAdd adds a person, then an opening balance under the identity
// "open/<ref>", so that repeating the call credits it once.
func (s *Server) PersonAdd(ctx context.Context, q *connect.Request[pb.AdminPersonAddRequest]) (*connect.Response[pb.AdminPerson], error) {
	m := q.Msg
	switch {
	case m.Topup < 0:
		return nil, refuse(code.AmountMustBePositive)
	case m.Topup > 0 && !mayTopup(ctx):
		return nil, refuse(code.StaffRoleMissing)
	}
	p, err := s.enter(ctx, m)
	if err != nil {
		return nil, err
	}
	if m.Topup > 0 {
		if _, err := s.topup(ctx, p.Uid, m.Topup, "open/"+m.Ref); err != nil {
			return nil, err
		}
	}
	return s.personAnswer(ctx, p.Uid, "")
}

// enter adds a person with sealed details.
func (s *Server) enter(ctx context.Context, m *pb.AdminPersonAddRequest) (*pb.Person, error) {
	newcomer := personal.Newcomer{Ref: m.Ref, Details: &pb.Details{Name: m.Name}, Appids: m.Appids}
	if m.Phone != "" {
		var ok bool
		if newcomer.Details.Phone, ok = personal.Phone(m.Phone); !ok {
			return nil, refuse(code.PhoneTagInvalid)
		}
	}
	p, out, err := s.People.Enter(ctx, s.Core, actor(ctx), requestID(ctx), newcomer)
	switch {
	case err != nil:
		return nil, s.fail("add a person", err)
	case out != code.OK:
		return nil, refuse(out)
	}
	return p, nil
}

// PersonTopup credits a person's balance; ref is the identity. It answers with
// the balance as the command left it.
func (s *Server) PersonTopup(ctx context.Context, q *connect.Request[pb.AdminPersonTopupRequest]) (*connect.Response[pb.AdminPerson], error) {
	m := q.Msg
	var p *pb.Person
	err := s.read(ctx, "find a person", func(r table.Reader) (err error) {
		p, err = find(r, m.Uid, m.PersonRef)
		return err
	})
	if err != nil {
		return nil, err
	}
	ref := m.Ref
	if ref == "" {
		ref = "admin-" + rand.Text()
	}
	account, err := s.topup(ctx, p.Uid, m.Amount, ref)
	if err != nil {
		return nil, err
	}
	return answer(&pb.AdminPerson{Person: s.shownPerson(p), Accounts: []*pb.AccountShown{shownAccount(account)}})
}

// PersonBlock blocks a person with a reason, or lets them go on.
func (s *Server) PersonBlock(ctx context.Context, q *connect.Request[pb.AdminPersonBlockRequest]) (*connect.Response[pb.AdminPerson], error) {
	m := q.Msg
	var p *pb.Person
	err := s.read(ctx, "find a person", func(r table.Reader) (err error) {
		p, err = find(r, m.Uid, m.PersonRef)
		return err
	})
	if err != nil {
		return nil, err
	}
	why, ok := code.Reason{}, true
	if m.Why != "" {
		if why, ok = code.BlockedFor(m.Why); !ok {
			return nil, refuse(code.ReasonNeeded)
		}
	}
	if _, err := do(ctx, s, standing.Block, &pb.PersonBlock{Uid: p.Uid, Blocked: m.Blocked, Reason: m.Reason, Why: why.Why}); err != nil {
		return nil, err
	}
	return s.personAnswer(ctx, p.Uid, "")
}

func (s *Server) topup(ctx context.Context, uid uint64, amount int64, ref string) (*pb.Account, error) {
	return do(ctx, s, person.Topup, &pb.PersonTopup{Uid: uid, Amount: amount, Currency: money.CNY, Ref: ref, Line: topupLine})
}

// PersonShow shows one person by our number or the operator's reference.
func (s *Server) PersonShow(ctx context.Context, q *connect.Request[pb.AdminPersonShowRequest]) (*connect.Response[pb.AdminPerson], error) {
	return s.personAnswer(ctx, q.Msg.Uid, q.Msg.Ref)
}

func (s *Server) personAnswer(ctx context.Context, uid uint64, ref string) (*connect.Response[pb.AdminPerson], error) {
	a := new(pb.AdminPerson)
	err := s.read(ctx, "show a person", func(r table.Reader) error {
		p, err := find(r, uid, ref)
		if err != nil {
			return err
		}
		a.Person = s.shownPerson(p)
		if acc, ok := ledger.Get(r, ledger.UserBalance(p.Uid), money.CNY); ok {
			a.Accounts = append(a.Accounts, shownAccount(acc))
		}
		if w, ok := wallet.Get(r, p.Uid); ok {
			a.Grade = w.Grade
		}
		if last, ok := standing.Of(r, p.Uid); ok {
			a.Appeal = s.shownAppeal(last, p)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(a)
}

// find reads a person by number, or by reference when the number is 0.
func find(r table.Reader, uid uint64, ref string) (*pb.Person, error) {
	p, ok := (*pb.Person)(nil), false
	if uid != 0 {
		p, ok = person.Get(r, uid)
	} else {
		p, ok = person.ByRef(r, ref)
	}
	if !ok {
		return nil, refuse(code.PersonNotFound)
	}
	return p, nil
}
