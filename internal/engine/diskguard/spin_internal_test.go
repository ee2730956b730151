package diskguard

import (
	"testing"
	"time"
)

// Damage that is met now and then, however often in all, ends nothing; damage
// that is met without rest does, after a minute.
func TestSpin(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(0)
	var s spin
	for range 5000 {
		now = now.Add(spinPause + time.Millisecond)
		if first, on := s.again(now); !first || on {
			t.Fatalf("met now and then: first %v, on %v", first, on)
		}
	}
	begin := now.Add(time.Hour)
	for n := 0; ; n++ {
		now = begin.Add(time.Duration(n) * 10 * time.Millisecond)
		first, on := s.again(now)
		if first != (n == 0) {
			t.Fatalf("turn %d: first %v", n, first)
		}
		if on {
			break
		}
	}
	if took := now.Sub(begin); took < spinLimit || took > spinLimit+time.Second {
		t.Errorf("it goes on for %v", took)
	}
}
