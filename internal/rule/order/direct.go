package order

import (
	"bytes"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

// Direct is an order whose payer is known when it is placed: they showed a code to a
// till. One command places it and pays it, or asks the payer.
type Direct struct {
	// Old is the order that has the number already; the command is its repeat.
	Old *pb.Order

	o    *pb.Order
	p    *pb.Person
	book *ledger.Book
}

// Begin checks an order that is to be placed and paid by a person in one attempt. It
// writes nothing. A repeat has the same content and the same attempt, and finds Old.
//
// Refuses, in this order: AmountMustBePositive, CurrencyUnknown, OutTradeNoInvalid,
// DescriptionNeeded; MerchantNotFound, MerchantPaused, AppidNotBound; OrderNoUsed.
func Begin(d *deed.Deed, c *pb.OrderCreate, attempt []byte) (Direct, code.Code) {
	if out := mayPlace(d, c); out != code.OK {
		return Direct{}, out
	}
	content := contentHash(d, c)
	if ref, ok := refs.Get(d.Tx, numberKey(c.Mchid, c.OutTradeNo)); ok {
		old := orders.Need(d.Tx, key(ref.Id))
		if !bytes.Equal(old.ContentHash, content) || !bytes.Equal(old.Attempt, attempt) {
			return Direct{}, code.OrderNoUsed
		}
		return Direct{Old: old}, code.OK
	}
	o := fromCommand(d, c)
	o.ContentHash, o.Attempt = content, attempt
	return Direct{o: o}, code.OK
}

// ID is the order's number.
func (w *Direct) ID() uint64 { return w.o.Id }

// Charge plans to take the total from a person. It writes nothing.
//
// Refuses, in this order: PersonNotFound, PersonBlocked; and what ledger.Book.Post
// refuses.
func (w *Direct) Charge(d *deed.Deed, uid uint64) (out code.Code) {
	if w.p, out = payer(d, uid, w.o); out != code.OK {
		return out
	}
	w.book = ledger.Begin(d.Tx, w.o.Currency)
	return charge(w.book, w.p, w.o)
}

// Pay writes the order, paid as Charge planned.
func (w *Direct) Pay(d *deed.Deed) *pb.Order {
	insert(d, w.o)
	capture(d, w.o, w.p, w.o.Attempt, w.book)
	return w.o
}

// Ask writes the order, unpaid: the payer is to be asked.
func (w *Direct) Ask(d *deed.Deed) *pb.Order {
	Moves.Enter(&w.o.State, pb.TradeState_TRADE_STATE_USERPAYING)
	w.o.PayerUid = w.p.Uid
	insert(d, w.o)
	record(d, w.o, nil)
	return w.o
}

// Asked is an order whose payer was asked.
func Asked(o *pb.Order) Direct { return Direct{o: o} }

// PayAsked writes that an order whose payer was asked is paid, as Charge planned.
func (w *Direct) PayAsked(d *deed.Deed) { capture(d, w.o, w.p, w.o.Attempt, w.book) }

// CloseAsked closes an order whose payer said no, or nothing.
func CloseAsked(d *deed.Deed, o *pb.Order) { closeNow(d, o) }
