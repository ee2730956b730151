package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-pay/holdfast/walletclient"
)

// answerWithin is how long somebody may be without an answer (R1.5), tellWithin how long
// a shop may be (R1.3).
const (
	answerWithin = time.Minute
	tellWithin   = 5 * time.Minute
)

// strike plays the first part of "the first internet strike": a taxi ride is paid three
// ways, a friend gets money at noon and a problem is reported, and a node is killed under
// each.
var strike = Drill{
	Name: "strike", Account: "A: the planned one-hour stop", Short: "a taxi ride is paid three ways, a friend gets money and a problem is reported while a node is killed under each",
	run: func(ctx context.Context, g *Ground, _ Options) error {
		passenger, err := g.enrol(ctx, 0, "陈明", 100_00)
		if err != nil {
			return err
		}
		friend, err := g.enrol(ctx, 1, "李红", 0)
		if err != nil {
			return err
		}
		driver, err := g.hire(ctx)
		if err != nil {
			return err
		}
		s := &stroke{g: g, passenger: passenger, friend: friend, driver: driver, left: 100_00}
		for _, part := range []func(context.Context) error{s.ordered, s.printed, s.shown, s.send, s.report, s.count} {
			if err := part(ctx); err != nil {
				return err
			}
		}
		return nil
	},
}

// stroke is one run of the drill, and its own books.
type stroke struct {
	g                 *Ground
	passenger, friend *person
	driver            *driver
	acts              int   // each under another node
	left, got         int64 // what passenger and friend must have
}

// under runs an act that asks a node which is killed meanwhile.
func (s *stroke) under(ctx context.Context, act func(c *walletclient.Client) error) (node string, took time.Duration, err error) {
	return s.killing(ctx, func(at int) error { return act(s.passenger.firstAt(at)) })
}

// killing runs an act that begins at the next node, which is killed meanwhile.
func (s *stroke) killing(ctx context.Context, act func(at int) error) (node string, took time.Duration, err error) {
	at := s.acts % len(s.g.Nodes)
	s.acts++
	took, err = s.g.killed(ctx, s.g.Nodes[at], func() error { return act(at) })
	return s.g.Nodes[at].Name, took, err
}

// missed is the result of what did not come about. An act that was given up by whoever
// runs the drill is none.
func (s *stroke) missed(requirement, detail, promised string, why error) error {
	if errors.Is(why, context.Canceled) {
		return why
	}
	s.g.told(Result{Requirement: requirement, Detail: detail, Measured: why.Error(), Promised: promised})
	return nil
}

// send gives a friend money at once.
func (s *stroke) send(ctx context.Context) error {
	const lunch = 30_00
	found, err := s.passenger.firstAt(s.acts).FindPayee(ctx, &walletclient.FindPayeeRequest{Phone: s.friend.phone})
	if err != nil || found.Payee == "" {
		return fmt.Errorf("find the friend by number: %v, %w", found, err)
	}
	q := &walletclient.TransferRequest{Payee: found.Payee, Amount: lunch, ClientId: walletclient.NewID(), Memo: "午饭 lunch"}
	var sent *walletclient.TransferView
	node, took, err := s.under(ctx, func(c *walletclient.Client) (err error) { sent, err = c.Transfer(ctx, q); return err })
	if err != nil {
		return s.missed("R0.3", "a friend gets money at noon", "done within "+seconds(answerWithin), err)
	}
	s.left, s.got = s.left-lunch, s.got+lunch
	s.g.told(Result{Requirement: "R0.3", OK: sent.State == "done" && took <= answerWithin, Detail: "a friend gets money at noon, " + node + " killed meanwhile", Measured: seconds(took), Promised: "done within " + seconds(answerWithin)})
	again, err := s.passenger.firstAt(s.acts).Transfer(ctx, q)
	if err != nil {
		return s.missed("R1.4", "the same transfer asked for again", fmt.Sprint(sent.Transfer), err)
	}
	s.g.told(Result{Requirement: "R1.4", OK: again.Transfer == sent.Transfer, Detail: "the same transfer asked for again is the same transfer", Measured: fmt.Sprint(again.Transfer), Promised: fmt.Sprint(sent.Transfer)})
	return nil
}

// count asks every node for the balances afterwards.
func (s *stroke) count(ctx context.Context) error {
	want := []int64{s.left, s.got}
	for i, n := range s.g.Nodes {
		got, err := s.g.balances(ctx, i, []*person{s.passenger, s.friend})
		if err != nil {
			return err
		}
		s.g.told(Result{Requirement: "R1.9", OK: slices.Equal(got, want), Detail: "balances as " + n.Name + " says them, fen", Measured: fmt.Sprint(got), Promised: fmt.Sprint(want)})
	}
	return nil
}
