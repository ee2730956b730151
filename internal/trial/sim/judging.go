package sim

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/judge"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

// apart is how many steps a node's clock is from a code's.
func apart(p *process, step uint64) int64 {
	by := p.wall()/paycode.StepMs - int64(step)
	return max(by, -by)
}

// sounding is the platform as the judge sees it in the simulation, which cannot wait: it
// reads now, and what it wants done is done afterwards.
type sounding struct {
	r   table.Reader
	cmd *pb.Command
}

var errWants = errors.New("the judge wants a command applied")

func (s *sounding) Do(_ context.Context, cmd *pb.Command) (catalogue.Result, error) {
	s.cmd = cmd
	return catalogue.Result{}, errWants
}

func (s *sounding) ReadLatest(_ context.Context, f func(table.Reader) error) error { return f(s.r) }

// judge has a node's judge look at a code, and do what it wants done.
func (c *clients) judge(p *process, r *request, reader table.Reader, reply func(answer)) {
	s, charge := &sounding{r: reader}, r.reads()
	j := judge.Judge{Core: s, Tags: hashes{}, Wall: func() time.Time { return time.UnixMilli(p.wall()) }, Node: p.disk.id.RaftID}
	var out code.Code
	var err error
	if r.cash != nil {
		_, out, err = j.Cash(context.Background(), charge, r.cash())
	} else {
		_, out, err = j.Pay(context.Background(), charge)
	}
	must.That((err != nil) == (s.cmd != nil), "a judge says a word or wants something done: %v", err)
	wrong := s.cmd != nil && s.cmd.Number == uint32(catalogue.PayCodeWrong)
	if good := s.cmd != nil && !wrong; good != r.verdict(p, reader) {
		c.w.fail("codes", "%s: %s takes the code for good: %v, by its clock it should not be so", r.text, p.node.name, good)
	}
	switch {
	case s.cmd == nil:
		reply(answer{code: out})
		return
	case wrong && c.w.broken.countsNoGuess:
		reply(answer{code: code.PayCodeWrong})
		return
	case c.w.broken.onAsk != nil:
		c.w.broken.onAsk(p, s.cmd)
	}
	p.post(func() {
		p.do(s.cmd, func(a answer) {
			if wrong && a.refused == code.OK && a.code == code.OK {
				a.code = code.PayCodeWrong // as the judge says it once that is counted
			}
			reply(a)
		})
	})
}

// checkCodes: no code paid twice, what was acknowledged as paid is, and what the person
// refused is not.
func (w *World) checkCodes(n *node, r table.Reader) {
	s, by := &w.clients.codes, map[string]uint64{}
	order.Scan(r, func(o *pb.Order) bool {
		if o.Product != pb.Product_PRODUCT_MICROPAY {
			return true
		}
		used := string(o.Attempt)
		if other := by[used]; other != 0 {
			w.fail("codes", "orders %d and %d on %s were placed with one code", other, o.Id, n.name)
		}
		by[used] = o.Id
		return w.failure == nil
	})
	till.ScanCash(r, func(m *pb.CashMove) bool {
		if used := string(m.Code); used != "" && by[used] != 0 {
			w.fail("codes", "cash %s on %s was for a code that was used before", m.ClientId, n.name)
		} else if used != "" {
			by[used] = m.Seq
		}
		return w.failure == nil
	})
	for no, f := range s.asked { // order does not matter: any one is a failure
		o, ok := order.ByNumber(r, f.shop, no)
		is := ok && order.Paid(o)
		switch _, told := s.paid[no]; {
		case told && !is:
			w.fail("acknowledged", "%s does not have %s as paid, which was acknowledged", n.name, no)
		case s.refused[no] && is:
			w.fail("codes", "%s has %s as paid, which the friend refused", n.name, no)
		}
	}
}

// foundCodes has counted what was asked for by code without an answer, and came to be.
func (w *World) foundCodes(r table.Reader) {
	s := &w.clients.codes
	for _, c := range w.clients.history {
		if c.unknown() && !c.never && (c.in.verb == "charge" || c.in.verb == "reply" && c.in.by == "pay") {
			no := codeNo(c.in.order, c.in.key)
			if o, ok := order.ByNumber(r, s.asked[no].shop, no); ok && order.Paid(o) {
				s.paid[no] = paid{o.PayerUid, o.Total}
			}
		}
	}
}
