package tabletest

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var (
	orders   = table.Of[pb.Order, *pb.Order]{ID: table.Orders}
	orderNos = table.Of[pb.OrderRef, *pb.OrderRef]{ID: table.OrderNos}
	accounts = table.Of[pb.Account, *pb.Account]{ID: table.Accounts}
)

// NewDigests returns an empty digest for each digested table.
func NewDigests() map[table.ID]*table.Digest {
	digests := make(map[table.ID]*table.Digest)
	for _, id := range table.All() {
		if id.Digested() {
			digests[id] = new(table.Digest)
		}
	}
	return digests
}

// Recompute sums every digested table of b from scratch.
func Recompute(b table.Stored) (map[table.ID]*table.Digest, error) {
	digests := NewDigests()
	var h table.Hasher
	err := b.Iterate([]byte{0}, nil, func(k, stored []byte) bool {
		if d := digests[table.ID(k[0])]; d != nil {
			d.Add(&h, k, stored)
		}
		return true
	})
	return digests, err
}

func accountKey(name string) table.Key { return table.K(table.Accounts).Str(name).U32(156) }

// create, pay: the smallest rules that touch rows as the real ones do.

func create(tx table.Txn, id uint64, number string, total int64) {
	orderNos.Insert(tx, table.K(table.OrderNos).Str("1900000001").Str(number), &pb.OrderRef{Id: id})
	orders.Insert(tx, key(table.Orders, id), &pb.Order{
		Id: id, Mchid: "1900000001", OutTradeNo: number, Total: total, State: pb.TradeState_TRADE_STATE_NOTPAY,
	})
	tx.Insert(table.K(table.Due).I64(1000).U64(id), nil)
}

// pay returns whether money moved.
func pay(tx table.Txn, number string) bool {
	ref, ok := orderNos.Get(tx, table.K(table.OrderNos).Str("1900000001").Str(number))
	must.That(ok, "order %s is there", number)
	o, ok := orders.Get(tx, key(table.Orders, ref.Id))
	must.That(ok, "order %d is there", ref.Id)
	if o.State != pb.TradeState_TRADE_STATE_NOTPAY {
		return false
	}
	o.State = pb.TradeState_TRADE_STATE_SUCCESS
	orders.Put(tx, key(table.Orders, ref.Id), o)
	post(tx, "user/1/balance", -o.Total)
	post(tx, "mch/1900000001/pending", o.Total)
	tx.Insert(key(table.Owed, o.Id), []byte("notice of "+number))
	tx.Delete(table.K(table.Due).I64(1000).U64(o.Id))
	return true
}

func post(tx table.Txn, name string, amount int64) {
	a, ok := accounts.Get(tx, accountKey(name))
	if !ok {
		a = &pb.Account{Name: name, Currency: 156}
	}
	a.CreditsPosted += amount
	accounts.Put(tx, accountKey(name), a)
}

func balance(t *testing.T, r table.Reader, name string) int64 {
	t.Helper()
	a, ok := accounts.Get(r, accountKey(name))
	if !ok {
		t.Fatalf("account %s is not there", name)
	}
	return a.CreditsPosted
}

func createPayPayAgain(t *testing.T, b table.Backend) {
	o, digests := table.NewOverlay(b), NewDigests()
	for frame := range 3 {
		o.Reset()
		number := fmt.Sprintf("order-%d", frame)
		create(o, uint64(frame+1), number, 30)
		if !pay(o, number) {
			t.Fatal("the first payment moved nothing: the frame does not read its own order")
		}
		if pay(o, number) {
			t.Fatal("the second payment moved money: the frame does not read its own payment")
		}
		if frame > 0 && pay(o, "order-0") {
			t.Fatal("a paid order of an earlier frame was paid again")
		}
		flushed(t, b, o, digests)
	}
	snap := b.Snapshot()
	defer snap.Close()
	if got := balance(t, snap, "user/1/balance") + balance(t, snap, "mch/1900000001/pending"); got != 0 {
		t.Fatalf("the accounts sum to %d", got)
	}
	if got := balance(t, snap, "mch/1900000001/pending"); got != 90 {
		t.Fatalf("the merchant has %d, want 90", got)
	}
	from, to := table.Range(table.Due)
	wantRows(t, collect(t, b, from, to, 0)) // inserted and deleted in one frame
}

// flushed commits the frame and checks that its writes ascend, each once, and
// that the digests equal a recomputation.
func flushed(t *testing.T, b table.Backend, o *table.Overlay, digests map[table.ID]*table.Digest) {
	t.Helper()
	writes := o.Flush(digests)
	for i := 1; i < len(writes); i++ {
		if bytes.Compare(writes[i-1].Key, writes[i].Key) >= 0 {
			t.Fatalf("write %x comes after %x", writes[i].Key, writes[i-1].Key)
		}
	}
	commit(t, b, writes...)
	want, err := Recompute(b)
	if err != nil {
		t.Fatal(err)
	}
	for id, d := range digests {
		if *d != *want[id] {
			t.Fatalf("table %s has digest %+v, recomputed %+v", id, *d, *want[id])
		}
	}
}

func digestsEqual(t *testing.T, b table.Backend) {
	o, digests := table.NewOverlay(b), NewDigests()
	k := key(table.Accounts, 1)
	for _, frame := range []func(){
		func() { o.Set(k, []byte("a")); o.Set(key(table.Orders, 1), []byte("order")) },
		func() { o.Set(k, []byte("b")); o.Set(k, []byte("a")) },                        // ends as it began
		func() { o.Delete(k); o.Set(k, []byte("c")) },                                  // deleted and written anew
		func() { o.Insert(key(table.Orders, 2), nil); o.Delete(key(table.Orders, 2)) }, // came and went
		func() { o.Delete(k); o.Delete(key(table.Orders, 99)) },
		func() { o.Set(table.K(table.Head), []byte("head")); o.Insert(key(table.Journal, 0), []byte("entry")) },
	} {
		o.Reset()
		frame()
		flushed(t, b, o, digests)
	}
	wantValue(t, b, key(table.Journal, 0), "entry") // undigested tables are written all the same
	if d := digests[table.Orders]; d.Rows != 1 {
		t.Fatalf("orders count %d rows, want 1", d.Rows)
	}
	if d := digests[table.Accounts]; *d != (table.Digest{}) {
		t.Fatalf("the digest of an emptied table is %+v, want zero", *d)
	}
}

func scansOwnWrites(t *testing.T, b table.Backend) {
	k := func(n uint64) table.Key { return key(table.Due, n) }
	commit(t, b, set(k(10), "a"), set(k(20), "b"), set(k(30), "c"), set(k(40), "d"))
	o := table.NewOverlay(b)
	scan := func(from, to []byte, limit int) (got []string) {
		o.Scan(from, to, func(key, value []byte) bool {
			o.Get(key) // reading meanwhile is allowed
			got = append(got, row(key, string(value)))
			return len(got) != limit
		})
		return got
	}
	o.Set(k(30), []byte("c2")) // out of order on purpose
	o.Insert(k(5), []byte("first"))
	o.Delete(k(20))
	wantRows(t, scan(k(0), nil, 0), row(k(5), "first"), row(k(10), "a"), row(k(30), "c2"), row(k(40), "d"))
	o.Insert(k(35), []byte("late"))
	o.Insert(k(50), []byte("last"))
	o.Insert(k(1), []byte("early"))
	o.Delete(k(5))
	wantRows(t, scan(k(0), nil, 0), row(k(1), "early"), row(k(10), "a"), row(k(30), "c2"), row(k(35), "late"), row(k(40), "d"), row(k(50), "last"))
	wantRows(t, scan(k(30), k(40), 0), row(k(30), "c2"), row(k(35), "late"))
	wantRows(t, scan(k(0), nil, 2), row(k(1), "early"), row(k(10), "a"))
	wantRows(t, scan(k(41), k(50), 0))
	o.Set(key(table.Parked, 1), []byte("parked"))
	wantRows(t, scan(key(table.Parked, 0), k(10), 0), row(key(table.Parked, 1), "parked"), row(k(1), "early"))
	flushed(t, b, o, mustDigests(t, b))
}

func mustDigests(t *testing.T, b table.Backend) map[table.ID]*table.Digest {
	t.Helper()
	d, err := Recompute(b)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// largeFrame has more rows than any block or slab holds, and a row larger than
// a block.
func largeFrame(t *testing.T, b table.Backend) {
	const rows = 6_000
	o, digests := table.NewOverlay(b), NewDigests()
	big := bytes.Repeat([]byte("x"), 1<<20)
	for frame := range 2 {
		o.Reset()
		for i := range uint64(rows) {
			n := i * 7919 % rows // neither in order nor against it
			o.Set(key(table.Accounts, n), fmt.Appendf(nil, "%d of frame %d", n, frame))
		}
		o.Set(key(table.Orders, 1), big)
		if got := o.Changed(); got != rows+1 {
			t.Fatalf("the frame changed %d rows, want %d", got, rows+1)
		}
		for i := range uint64(rows) {
			if v, ok := o.Get(key(table.Accounts, i)); !ok || string(v) != fmt.Sprintf("%d of frame %d", i, frame) {
				t.Fatalf("row %d reads %q (%v)", i, v, ok)
			}
		}
		flushed(t, b, o, digests)
	}
	wantValue(t, b, key(table.Orders, 1), string(big))
	wantValue(t, b, key(table.Accounts, rows-1), fmt.Sprintf("%d of frame 1", rows-1))
}
