package wallet

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/events"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
	"github.com/holdfast-pay/holdfast/internal/rule/shop"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
	"github.com/holdfast-pay/holdfast/internal/rule/transfer"
)

// newsWithin bounds how long a phone may take to read one message of a stream.
const newsWithin = 20 * time.Second

// Follow implements WalletService. The stream leaves the gate: it only waits.
func (s *Server) Follow(ctx context.Context, q *connect.Request[pb.FollowRequest], out *connect.ServerStream[pb.News]) error {
	who := from(ctx)
	gate.From(ctx).Depart()
	if err := who.answer.SetReadDeadline(time.Time{}); err != nil {
		return s.fail(who, "open a stream", err)
	}
	var told concern
	if err := s.Core.ReadLocal(ctx, func(r table.Reader) error {
		told = concernOf(r, who.uid)
		return nil
	}); err != nil {
		return s.fail(who, "open a stream", err)
	}
	err := s.Events.Follow(ctx, told.subjects(), q.Msg.Cursor, func(seqs []uint64, cursor uint64) error {
		news, still, err := s.news(ctx, told, seqs, cursor)
		if err != nil {
			return err
		}
		if err := who.answer.SetWriteDeadline(time.Now().Add(newsWithin)); err != nil {
			return err
		}
		if err := out.Send(news); err != nil {
			return err
		}
		return still
	})
	s.Log.Info("wallet stream ended", "uid", who.uid, "request_id", who.request, "why", err)
	return s.endOf(who, err)
}

// endOf says why a stream ended.
func (s *Server) endOf(who *caller, err error) error {
	if out, ok := events.Outcome(err); ok {
		return refuse(who, out)
	}
	if errors.Is(err, context.Canceled) {
		return connect.NewError(connect.CodeCanceled, err)
	}
	return s.fail(who, "follow", err)
}

// news is what the entries say to the caller, as long as the device is theirs. still says
// why the stream ends after it, if it does.
func (s *Server) news(ctx context.Context, told concern, seqs []uint64, cursor uint64) (n *pb.News, still, err error) {
	who := from(ctx)
	n = &pb.News{Cursor: cursor}
	err = s.Core.ReadLocal(ctx, func(r table.Reader) error {
		if _, _, out := own(r, who); out != code.OK {
			return out.Err()
		}
		entries, err := entriesOf(r, seqs)
		if err != nil {
			return err
		}
		for i, e := range entries {
			if h := s.happening(r, who.uid, seqs[i], e); h != nil {
				n.Happened = append(n.Happened, h)
			}
		}
		n.Takings = told.takings(r, entries)
		still = told.still(r)
		return nil
	})
	return n, still, err
}

func entriesOf(r table.Reader, seqs []uint64) ([]*pb.Entry, error) {
	list := make([]*pb.Entry, len(seqs))
	for i, seq := range seqs {
		stored, ok := journal.Entry(r, seq)
		if !ok {
			return nil, errEntryGone
		}
		list[i] = new(pb.Entry)
		if err := list[i].UnmarshalVT(stored); err != nil {
			return nil, err
		}
	}
	return list, nil
}

var errEntryGone = errors.New("a journal entry is not there")

// happening is what an entry says to a person; nil when it says nothing that they
// don't know.
func (s *Server) happening(r table.Reader, uid, seq uint64, e *pb.Entry) *pb.Happening {
	h := &pb.Happening{Entry: seq, At: e.At, Subject: e.Entity}
	account := ledger.UserBalance(uid)
	for _, p := range e.Postings {
		switch account {
		case p.Credit:
			h.Amount += p.Amount
		case p.Debit:
			h.Amount -= p.Amount
		default:
			continue
		}
		h.What = what(p.Code)
	}
	s.describe(r, uid, h)
	if h.What == "" {
		return nil
	}
	return h
}

// describe adds what the entry's subject says: whom it is with, and what waits where
// no money moved.
func (s *Server) describe(r table.Reader, uid uint64, h *pb.Happening) {
	kind, number, _ := strings.Cut(h.Subject, "/")
	id, _ := strconv.ParseUint(number, 10, 64) // subjects of other shapes are of no kind below
	switch kind {
	case "order", "refund":
		h.Who = counterpart(r, h.Subject)
		if o, ok := order.Get(r, id); ok && kind == "order" && h.What == "" && o.PayerUid == uid && o.State == pb.TradeState_TRADE_STATE_USERPAYING {
			h.What, h.Amount = "payment_asked", o.Total
		}
	case "cash":
		s.describeCash(r, uid, h)
	case "transfer":
		if t, ok := transfer.Get(r, id); ok {
			s.describeTransfer(r, uid, t, h)
		}
	case "packet":
		if p, ok := packet.Get(r, id); ok {
			s.describePacket(r, uid, p, h)
		}
	case "shop":
		h.Who = counterpart(r, h.Subject)
		if a, ok := shop.Peek(r, id); ok && a.DecideSeq == h.Entry {
			h.What = "shop_" + rpc.Word(a.State)
		}
	case "wallet", "person":
		if h.What == "" {
			h.What = map[string]string{"wallet": "security", "person": "person"}[kind]
		}
	}
}

// describeCash says whose till it was; of cash that nobody posted, that it waits.
func (s *Server) describeCash(r table.Reader, uid uint64, h *pb.Happening) {
	at, clientID, _ := strings.Cut(strings.TrimPrefix(h.Subject, "cash/"), "/")
	id, _ := strconv.ParseUint(at, 10, 64) // no till has the number of another shape
	m, ok := till.CashOf(r, id, clientID)
	if !ok {
		return
	}
	if t, ok := till.Peek(r, id); ok {
		h.Who = merchantName(r, t.Mchid)
	}
	if h.What == "" && m.Uid == uid && till.Waits(r, s.Now(), m) {
		h.What, h.Amount = "cash_asked", m.Amount
	}
}

func (s *Server) describeTransfer(r table.Reader, uid uint64, t *pb.PersonTransfer, h *pb.Happening) {
	if t.Payer == uid {
		h.Who = personal.Masked(r, s.Personal, t.Payee)
	} else {
		h.Who = personal.Masked(r, s.Personal, t.Payer)
	}
	switch {
	case h.What != "":
	case t.Payee == uid && t.State == pb.TransferState_TRANSFER_STATE_WAITING:
		h.What, h.Amount = "transfer_waits", t.Amount
	case t.Payer == uid:
		h.What, h.Amount = "transfer_accepted", t.Amount
	}
}

func (s *Server) describePacket(r table.Reader, uid uint64, p *pb.Packet, h *pb.Happening) {
	if p.Payer != uid {
		h.Who = personal.Masked(r, s.Personal, p.Payer)
	}
	switch {
	case h.What != "":
	case p.To == uid && p.CreateSeq == h.Entry:
		h.What, h.Amount = "packet_given", p.Total
	case p.Payer == uid:
		h.What = "packet_taken"
	}
}
