package drill

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// fare is what each ride costs, fen. Three of them and lunch are less than what goes
// without a PIN.
const fare = 21_50

// rode tells of a ride that was paid: that it was, how long the answer took, and that
// the same payment asked for again is the same.
func (s *stroke) rode(way, node string, total int64, took time.Duration, paid, again string) {
	s.left -= fare
	s.g.told(Result{Requirement: "R0.1", OK: total == fare, Detail: "a taxi ride paid by " + way + ", " + node + " killed meanwhile", Measured: seconds(took), Promised: "paid"})
	s.g.told(Result{Requirement: "R1.5", OK: took <= answerWithin, Detail: "how long there was no answer, paying by " + way, Measured: seconds(took), Promised: seconds(answerWithin)})
	s.g.told(Result{Requirement: "R1.4", OK: again == paid, Detail: "asked for again it is the same payment, by " + way, Measured: again, Promised: paid})
}

// pay pays by the wallet while a node is killed, and asks for the same once more.
func (s *stroke) pay(ctx context.Context, way string, q *walletclient.PayRequest) (paid *walletclient.Payment, err error) {
	node, took, err := s.under(ctx, func(c *walletclient.Client) (err error) { paid, err = c.Pay(ctx, q); return err })
	if err != nil {
		return nil, s.missed("R0.1", "a taxi ride paid by "+way, "paid", err)
	}
	again, err := s.passenger.firstAt(s.acts).Pay(ctx, q)
	if err != nil {
		return nil, s.missed("R1.4", "asked for again, by "+way, paid.TransactionId, err)
	}
	s.rode(way, node, paid.Total, took, paid.TransactionId, again.TransactionId)
	return paid, nil
}

// ordered pays by the code of an order, of which the driver's program is told.
func (s *stroke) ordered(ctx context.Context) error {
	order, err := s.g.sell(ctx, "出租车 taxi", fare)
	if err != nil {
		return err
	}
	paid, err := s.pay(ctx, "its order's code (dynamic)", &walletclient.PayRequest{Code: order.CodeURL, ClientId: walletclient.NewID()})
	if paid == nil {
		return err
	}
	told, waited, err := s.g.toldOf(ctx, order.No, tellWithin)
	if err != nil {
		return s.missed("R1.3", "the driver is told of the payment", seconds(tellWithin), err)
	}
	s.g.told(Result{Requirement: "R1.3", OK: told.TransactionID == paid.TransactionId, Detail: "the driver is told of the payment", Measured: seconds(waited), Promised: seconds(tellWithin)})
	return nil
}

// printed pays by the code that hangs in the taxi.
func (s *stroke) printed(ctx context.Context) error {
	_, err := s.pay(ctx, "the printed code (static)", &walletclient.PayRequest{Code: s.driver.till.Link, ClientId: walletclient.NewID(), Amount: fare})
	return err
}

// shown has the driver read a code off the passenger's phone, which needed no network to
// make it.
func (s *stroke) shown(ctx context.Context) error {
	const way = "the passenger's own code"
	codes, err := s.passenger.firstAt(s.acts).RenewPayCodes(ctx, nil)
	if err != nil {
		return fmt.Errorf("get what codes are made with: %w", err)
	}
	q := &pb.ChargeCodeRequest{Order: &pb.TillOrderRequest{Till: s.driver.till.Till, Amount: fare, Description: "出租车 taxi", ClientId: walletclient.NewID()}}
	if q.Code, err = codes.Next(time.Now()); err != nil {
		return err
	}
	var paid *pb.TillOrder
	node, took, err := s.killing(ctx, func(at int) (err error) { paid, err = s.driver.charge(ctx, at, q); return err })
	if err == nil && paid.State != "success" {
		err = fmt.Errorf("the order is %s", paid.State)
	}
	if err != nil {
		return s.missed("R0.1", "a taxi ride paid by "+way, "paid", err)
	}
	again, err := s.driver.charge(ctx, s.acts, q)
	if err != nil {
		return s.missed("R1.4", "asked for again, by "+way, paid.TransactionId, err)
	}
	s.rode(way, node, paid.Total, took, paid.TransactionId, again.TransactionId)
	return nil
}
