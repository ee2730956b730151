package courier

import (
	"bytes"
	"testing"
)

// anybody and unlapsed are the lease of a scheduler under test that has all lanes.
func anybody(string) bool { return true }

func unlapsed() uint64 { return 0 }

// always is the lease of a request under test.
func always() bool { return true }

// A request whose lease ends while it connects leaves nothing on the wire.
func TestNothingIsSentOnceTheLeaseIsOver(t *testing.T) {
	t.Parallel()
	w := newHosts(t)
	var c counted
	w.serve("shop.example", &c)
	tr := newTransport(Config{Dial: w.dial, MaxInFlight: 1})
	t.Cleanup(tr.CloseIdleConnections)
	big := letterTo(t, "http://shop.example/n")
	big.body = bytes.Repeat([]byte("x"), 100_000) // more than any buffer holds
	for name, l := range map[string]letter{"small": letterTo(t, "http://shop.example/n"), "big": big} {
		if a := post(t.Context(), tr, l, func() bool { return false }, func() {}); a != nil {
			t.Errorf("%s: an attempt was made: %v", name, a)
		}
	}
	if _, posts := c.counts(); posts != 0 {
		t.Errorf("the merchant got %d requests", posts)
	}
	if a := post(t.Context(), tr, big, always, func() {}); a == nil || a.Outcome != delivered {
		t.Errorf("with a lease: %v", a)
	}
}
