package ident_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/must"
)

const (
	beijing = 8 * 3600
	// 2026-11-22 23:59:59.999 +08:00: in UTC it is another hour, a ms later another day.
	lateEvening int64 = 1795363199999
)

func ExampleTransactionID() {
	fmt.Println(ident.TransactionID(17, 1795363199999, 8*3600))
	// Output: 4200020261122000000000000017
}

func ExampleParseTransactionID() {
	fmt.Println(ident.ParseTransactionID("4200020261122000000000000017"))
	fmt.Println(ident.ParseTransactionID("4200020261322000000000000017"))
	// Output:
	// 17 true
	// 0 false
}

func ExampleRefundID() {
	fmt.Println(ident.RefundID(17, 1795363199999, 8*3600))
	// Output: 50300020261122000000000000017
}

func ExamplePrepayID() {
	id := ident.PrepayID(17, 1795363199999, 8*3600, []byte("0123456789abcdef"))
	order, ok := ident.ParsePrepayID(id)
	fmt.Println(id, order, ok)
	// Output: wx202611222359596886cac8a97b0e63f2d4 17 true
}

func ExampleOpenid() {
	fmt.Println(ident.Openid([]byte("a seed for one person and one appid")))
	// Output: oAlLwBWV9Q6-TbRftUYcM2mdy6Gc
}

func ExampleEventID() {
	fmt.Println(ident.EventID("pay.example.com", 17))
	// Output: 4659a40d-ea97-57c7-968d-edea32a32160
}

func TestDayIsTheBusinessDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at     int64
		offset int32
		day    string
	}{
		{lateEvening, beijing, "20261122"},
		{lateEvening + 1, beijing, "20261123"},
		{lateEvening + 1, 0, "20261122"},
		{0, beijing, "19700101"},
	} {
		if got := ident.TransactionID(1, c.at, c.offset)[5:13]; got != c.day {
			t.Errorf("day of %d at %+d s is %s, want %s", c.at, c.offset, got, c.day)
		}
	}
}

func TestNumbersRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.Uint64Range(1, ident.MaxCounter).Draw(t, "id")
		at := rapid.Int64Range(0, 253370764800000).Draw(t, "at")
		tx := ident.TransactionID(id, at, beijing)
		if got, ok := ident.ParseTransactionID(tx); !ok || got != id || len(tx) != 28 {
			t.Fatalf("order %d is named %q and read as %d, %v", id, tx, got, ok)
		}
		re := ident.RefundID(id, at, beijing)
		if got, ok := ident.ParseRefundID(re); !ok || got != id || len(re) != 29 {
			t.Fatalf("refund %d is named %q and read as %d, %v", id, re, got, ok)
		}
		if _, ok := ident.ParseRefundID(tx); ok {
			t.Fatalf("transaction_id %q was read as a refund_id", tx)
		}
	})
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "42000", "4200020261122000000000000000", "420002026112200000000000001", "42000202611220000000000000017",
		"4200120261122000000000000017", "4200020260229000000000000017", "4200020261122-00000000000017",
		"4200020261122+00000000000017", "4200000001122000000000000017", "420002026112200000000000001７",
		" 200020261122000000000000017", "420002026112200000000000001a",
	} {
		if got, ok := ident.ParseTransactionID(s); ok {
			t.Errorf("ParseTransactionID(%q) = %d", s, got)
		}
	}
	good := ident.PrepayID(17, lateEvening, beijing, make([]byte, 16))
	for _, s := range []string{
		"", good[1:], good + "0", strings.ToUpper(good), "wy" + good[2:], good[:16] + strings.Repeat("g", 20),
		"wx20261322000000" + good[16:], "wx20261122240000" + good[16:], "wx2026112223595 " + good[16:], good[:35] + "A",
	} {
		if got, ok := ident.ParsePrepayID(s); ok {
			t.Errorf("ParsePrepayID(%q) = %d", s, got)
		}
	}
}

func TestPrepayRoundTrips(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.Uint64Range(1, ident.MaxCounter).Draw(t, "id")
		at := rapid.Int64Range(0, 253370764800000).Draw(t, "at")
		seed := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "seed")
		s := ident.PrepayID(id, at, beijing, seed)
		if got, ok := ident.ParsePrepayID(s); !ok || got != id || len(s) != 36 {
			t.Fatalf("order %d is named %q and read as %d, %v", id, s, got, ok)
		}
		if s[2:16] != time.UnixMilli(at+beijing*1000).UTC().Format("20060102150405") {
			t.Fatalf("%q does not show its second", s)
		}
	})
}

// Neighbours must not look like neighbours: flipping one bit of what goes in
// should flip about half of the 80 bits that come out.
func TestPrepayLooksRandom(t *testing.T) {
	t.Parallel()
	differing := func(a, b string) (bits int) {
		for i := 16; i < 36; i++ {
			x := strings.IndexByte("0123456789abcdef", a[i]) ^ strings.IndexByte("0123456789abcdef", b[i])
			for ; x > 0; x >>= 1 {
				bits += x & 1
			}
		}
		return bits
	}
	var byOrder, bySeed, bySecond int
	const tries = 1000
	for i := range uint64(tries) {
		base := ident.PrepayID(i+1, lateEvening, beijing, []byte{0, 0, 0, 0})
		byOrder += differing(base, ident.PrepayID(i+2, lateEvening, beijing, []byte{0, 0, 0, 0}))
		bySeed += differing(base, ident.PrepayID(i+1, lateEvening, beijing, []byte{0x80, 0, 0, 0}))
		bySecond += differing(base, ident.PrepayID(i+1, lateEvening-1000, beijing, []byte{0, 0, 0, 0}))
	}
	for what, sum := range map[string]int{"order": byOrder, "seed": bySeed, "second": bySecond} {
		// 80,000 fair coins: 40,000 heads, standard deviation 141.
		if sum < 39_000 || sum > 41_000 {
			t.Errorf("changing the %s changes %d of %d bits, want about half", what, sum, 80*tries)
		}
	}
}

// A prepay_id whose second was edited must not name its order any longer.
func TestPrepaySecondIsBound(t *testing.T) {
	t.Parallel()
	for i := range uint64(1000) {
		s := ident.PrepayID(i+1, lateEvening, beijing, []byte{1, 2, 3, byte(i)})
		forged := s[:14] + "58" + s[16:]
		if got, ok := ident.ParsePrepayID(forged); ok && got <= 1_000_000 {
			t.Errorf("%q, edited to %q, names order %d", s, forged, got)
		}
	}
}

func TestCountersOutsideAreRefused(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func(){
		"order 0":         func() { ident.TransactionID(0, lateEvening, beijing) },
		"order 10^15":     func() { ident.TransactionID(ident.MaxCounter+1, lateEvening, beijing) },
		"refund 0":        func() { ident.RefundID(0, lateEvening, beijing) },
		"prepay 0":        func() { ident.PrepayID(0, lateEvening, beijing, make([]byte, 16)) },
		"prepay 10^15":    func() { ident.PrepayID(ident.MaxCounter+1, lateEvening, beijing, make([]byte, 16)) },
		"prepay no seed":  func() { ident.PrepayID(1, lateEvening, beijing, nil) },
		"year 10000":      func() { ident.TransactionID(1, 253402300800000, 0) },
		"before the year": func() { ident.TransactionID(1, -1, 0) },
	} {
		func() {
			defer func() {
				if _, ok := recover().(*must.Violation); !ok {
					t.Errorf("%s went unnoticed", name)
				}
			}()
			build()
		}()
	}
}

func TestOpenid(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i := range 1000 {
		o := ident.Openid(fmt.Appendf(nil, "seed %d", i))
		if !ident.ValidOpenid(o) || seen[o] {
			t.Fatalf("openid %q is malformed or was seen before", o)
		}
		seen[o] = true
	}
	if first, again := ident.Openid([]byte("a")), ident.Openid([]byte("a")); first != again {
		t.Errorf("an openid is a function of its seed: %s, %s", first, again)
	}
}
