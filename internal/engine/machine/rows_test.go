package machine

import (
	"fmt"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// TestM_AnOrderAndItsPaymentWriteAtMostEightRows: rows are the cost of a
// payment, so a rule that begins to write one more has to earn it here. The
// head's row is the frame's, and a tile's is one in 256 entries.
func TestM_AnOrderAndItsPaymentWriteAtMostEightRows(t *testing.T) {
	w := newWorld(t, table.NewMem())
	p := w.shop(100_000)
	w.ok(catalogue.OrderPay, pay(w.ok(catalogue.OrderCreate, create("T-first", 10)).(*pb.Order), p.Uid, "a"))
	for i := range 300 {
		created := w.ok(catalogue.OrderCreate, create(fmt.Sprintf("T-%05d", i), 10)).(*pb.Order)
		rows := w.m.Rows() - 1
		tiles := 0
		if w.m.Position().JournalSize%256 == 0 {
			tiles++
		}
		w.ok(catalogue.OrderPay, pay(created, p.Uid, "a"))
		rows += w.m.Rows() - 1
		if w.m.Position().JournalSize%256 == 0 {
			tiles++
		}
		if rows > 8+tiles {
			t.Fatalf("pair %d wrote %d rows and %d tiles", i, rows-tiles, tiles)
		}
	}
}
