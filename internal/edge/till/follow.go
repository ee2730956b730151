package till

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/events"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/refund"
	rule "github.com/holdfast-pay/holdfast/internal/rule/till"
)

const (
	// newsWithin bounds how long a till may take to read one message of a stream.
	newsWithin = 20 * time.Second
	// lateAfter is how long after an order was placed its payment is late: as long as a
	// payer is asked.
	lateAfter = 2 * stamp.Minute
)

// Follow implements TillService. The stream leaves the gate: it only waits.
func (s *Server) Follow(ctx context.Context, q *connect.Request[pb.FollowTillRequest], out *connect.ServerStream[pb.TillNews]) error {
	m, err := s.cashier(ctx)
	if err == nil && q.Msg.Till != 0 {
		_, _, err = s.at(ctx, q.Msg.Till)
	}
	if err != nil {
		return err
	}
	gate.From(ctx).Depart()
	call := rpc.CallOf(ctx)
	if err := call.Answer.SetReadDeadline(time.Time{}); err != nil {
		return s.fail(ctx, "open a stream", err)
	}
	err = s.Events.Follow(ctx, []events.Subject{{Merchant: m.Mchid}}, q.Msg.Cursor, func(seqs []uint64, cursor uint64) error {
		news, err := s.news(ctx, q.Msg.Till, seqs, cursor)
		if err != nil {
			return err
		}
		if err := call.Answer.SetWriteDeadline(time.Now().Add(newsWithin)); err != nil {
			return err
		}
		return out.Send(news)
	})
	s.Log.Info("till stream ended", "staff", m.ID, "mchid", m.Mchid, "request_id", call.Request, "why", err)
	return s.endOf(ctx, err)
}

// endOf says why a stream ended.
func (s *Server) endOf(ctx context.Context, err error) error {
	if out, ok := events.Outcome(err); ok {
		return refuse(ctx, out)
	}
	if errors.Is(err, context.Canceled) {
		return connect.NewError(connect.CodeCanceled, err)
	}
	return s.fail(ctx, "follow", err)
}

// news is what the entries say at a till, or at all of the merchant's, as long as the
// caller may stand there.
func (s *Server) news(ctx context.Context, till uint64, seqs []uint64, cursor uint64) (*pb.TillNews, error) {
	m, _ := staffauth.From(ctx)
	n := &pb.TillNews{Cursor: cursor}
	return n, s.Core.ReadLocal(ctx, func(r table.Reader) error {
		now, err := s.Staff.Again(r, m)
		if err == nil {
			err = mayStand(now)
		}
		if err != nil {
			return err
		}
		for _, seq := range seqs {
			h, err := s.happening(r, seq)
			if err != nil {
				return err
			}
			if h != nil && (till == 0 || h.Till == till) {
				n.Happened = append(n.Happened, h)
			}
		}
		return nil
	})
}

var errEntryGone = errors.New("a journal entry is not there")

// happening is what an entry says at a till; nil when it is about none.
func (s *Server) happening(r table.Reader, seq uint64) (*pb.TillHappening, error) {
	stored, ok := journal.Entry(r, seq)
	if !ok {
		return nil, errEntryGone
	}
	e := new(pb.Entry)
	if err := e.UnmarshalVT(stored); err != nil {
		return nil, err
	}
	h := &pb.TillHappening{Entry: seq, At: e.At}
	kind, rest, _ := strings.Cut(e.Entity, "/")
	number, part, _ := strings.Cut(rest, "/")
	id, _ := strconv.ParseUint(number, 10, 64) // others are of no kind below
	switch kind {
	case "order":
		s.describeOrder(r, id, e, h)
	case "refund":
		s.describeRefund(r, id, e, h)
	case "cash":
		s.describeCash(r, id, part, e, h)
	case "shift":
		h.What, h.Till, h.Amount = "shift", id, moved(e, ledger.TillCash(id))
	case "till":
		h.What, h.Till = "till", id
	}
	if h.What == "" || h.Till == 0 {
		return nil, nil
	}
	return h, nil
}

// moved is what an entry adds to an account by its debits, less what it takes by its
// credits.
func moved(e *pb.Entry, account string) (sum int64) {
	for _, p := range e.Postings {
		switch account {
		case p.Debit:
			sum += p.Amount
		case p.Credit:
			sum -= p.Amount
		}
	}
	return sum
}

func (s *Server) describeOrder(r table.Reader, id uint64, e *pb.Entry, h *pb.TillHappening) {
	o, ok := order.Get(r, id)
	if !ok || tillOf(o) == 0 {
		return
	}
	h.Till, h.Order = tillOf(o), s.shown(r, o)
	switch {
	case len(e.Postings) > 0:
		h.What, h.Amount, h.Late = "paid", -moved(e, ledger.MerchantPending(o.Mchid)), o.PaidAt > o.CreatedAt+lateAfter
	case o.CloseSeq == h.Entry:
		h.What = "closed"
	case catalogue.Number(e.Number) == catalogue.CodePay:
		h.What = "asked"
	}
}

func (s *Server) describeRefund(r table.Reader, id uint64, e *pb.Entry, h *pb.TillHappening) {
	f, ok := refund.Get(r, id)
	if !ok {
		return
	}
	o, ok := order.Get(r, f.OrderId)
	if !ok || tillOf(o) == 0 {
		return
	}
	h.Till, h.Order, h.What = tillOf(o), s.shown(r, o), "refund_failed"
	if len(e.Postings) > 0 {
		h.What, h.Amount = "refunded", -f.Refund
	}
}

func (s *Server) describeCash(r table.Reader, till uint64, clientID string, e *pb.Entry, h *pb.TillHappening) {
	m, ok := rule.CashOf(r, till, clientID)
	if !ok {
		return
	}
	h.Till, h.What, h.Amount, h.Cash = till, "cash", moved(e, ledger.TillCash(till)), s.cashView(r, m)
	switch by := catalogue.Number(e.Number); {
	case len(e.Postings) == 0 && by == catalogue.CodeCash:
		h.What = "cash_asked"
	case len(e.Postings) == 0:
		h.What = "cash_called_off"
	case by == catalogue.CashUndo:
		h.What = "cash_undone"
	}
}
