package paycode_test

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/paycode"
)

// What a device makes is found by whoever has the secret, within the steps that are
// looked at and nowhere else, and has the shape that scanners at tills know.
func TestMadeCodesAreFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "secret")
		alias := rapid.Uint32Range(0, paycode.MaxAlias-1).Draw(t, "alias")
		step, tap := rapid.Uint64Range(3, 1<<40).Draw(t, "step"), rapid.Uint32Range(0, paycode.Taps-1).Draw(t, "tap")
		shown := paycode.Make(secret, alias, step, tap)
		if len(shown) != paycode.Length || shown[0] != '1' || shown[1] > '5' {
			t.Fatalf("made %s", shown)
		}
		r, ok := paycode.Parse(shown)
		if !ok || r.Alias != alias {
			t.Fatalf("%s is read as %+v, %v", shown, r, ok)
		}
		at, n, ok := r.Find(secret, step-2, step+2)
		if !ok || paycode.Make(secret, alias, at, n) != shown {
			t.Fatalf("%s of step %d and tap %d is found at %d and %d: %v", shown, step, tap, at, n, ok)
		}
		o := &pb.Order{Product: pb.Product_PRODUCT_MICROPAY, Attempt: paycode.Attempt(&pb.ShownCode{Alias: alias, Step: at, Tap: n, Digits: r.Digits})}
		if !r.Placed(o) || r.Placed(&pb.Order{Product: pb.Product_PRODUCT_MICROPAY, Attempt: []byte("another")}) {
			t.Fatal("an order does not know the code that it was placed with")
		}
	})
}

// Another's secret, an earlier and a later time find nothing.
func TestOtherCodesAreNotFound(t *testing.T) {
	t.Parallel()
	secret := bytes.Repeat([]byte{1}, 32)
	r, _ := paycode.Parse(paycode.Make(secret, 123456789, 1000, 3))
	if _, _, ok := r.Find(bytes.Repeat([]byte{2}, 32), 998, 1002); ok {
		t.Error("found with another secret")
	}
	for _, now := range []uint64{990, 997, 1003, 1010} {
		if _, _, ok := r.Find(secret, now-2, now+2); ok {
			t.Errorf("found at step %d", now)
		}
	}
	// One made once is made so for ever: devices in the field make them.
	if got := paycode.Make(secret, 7, 59_166_666, 15); got != golden {
		t.Errorf("made %s", got)
	}
}

const golden = "110000000070862657"

func TestWhatIsNoCode(t *testing.T) {
	t.Parallel()
	for _, shown := range []string{
		"", "123", "0" + strings.Repeat("1", 17), "161111111111111111", "281111111111111111", "10111111111111111a", "１01111111111111111",
		"1011111111111111111", "10111111111111111", "101111111\u202e111111111", "10111111111111111\n", "+01111111111111111", strings.Repeat(" ", 40) + "101111111111111111",
	} {
		if r, ok := paycode.Parse(shown); ok {
			t.Errorf("%q is read as %+v", shown, r)
		}
	}
	if _, ok := paycode.Parse("1011 1111 1111 1111 11"); !ok {
		t.Error("a code that was typed with spaces is not read")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("101111111112222222")
	f.Add("15 9999 99999 9999999")
	f.Fuzz(func(t *testing.T, shown string) {
		r, ok := paycode.Parse(shown)
		if !ok {
			return
		}
		if r.Alias >= paycode.MaxAlias || r.Digits >= 10_000_000 || !strings.HasPrefix(strings.ReplaceAll(shown, " ", ""), "1") {
			t.Errorf("%q is read as %+v", shown, r)
		}
	})
}
