package table

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// recall may forget, but never remembers anything but the newest: whatever is
// put, over however many generations.
func TestRecallNeverRemembersTheOld(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := newRecall(rapid.IntRange(0, 400).Draw(rt, "limit"))
		newest := map[string]string{}
		for step := range rapid.IntRange(1, 200).Draw(rt, "steps") {
			key := fmt.Sprint("key ", rapid.IntRange(0, 8).Draw(rt, "key"))
			switch rapid.IntRange(0, 5).Draw(rt, "do") {
			case 0:
				r.put([]byte(key), nil)
				delete(newest, key)
			case 1, 2:
				stored := fmt.Sprint(step) + strings.Repeat("x", rapid.IntRange(0, 60).Draw(rt, "size"))
				r.put([]byte(key), []byte(stored))
				newest[key] = stored
			default:
				got, ok, _ := r.get([]byte(key))
				if ok && string(got) != newest[key] {
					rt.Fatalf("%s is remembered as %q, it is %q", key, got, newest[key])
				}
			}
		}
	})
}

// Rows that are asked for stay while others come and go; memory is bounded.
func TestRecallKeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	const limit = 64 << 10
	r := newRecall(limit)
	hot, row := []byte("hot"), make([]byte, 200)
	r.put(hot, row)
	for i := range 20_000 {
		if i%50 == 0 {
			got, ok, young := r.get(hot)
			if !ok {
				t.Fatalf("a row in use was forgotten after %d others", i)
			}
			if !young {
				r.put(hot, append([]byte(nil), got...)) // as a frame does that reads it
			}
		}
		r.put(fmt.Appendf(nil, "row %d", i), row)
	}
	if _, ok, _ := r.get([]byte("row 3")); ok {
		t.Error("a row of long ago is still remembered")
	}
	if n := len(r.young.rows) + len(r.old.rows); n > 2*limit/len(row) {
		t.Errorf("%d rows are remembered", n)
	}
	if n := len(r.young.arena.blocks) + len(r.old.arena.blocks); n > 4 {
		t.Errorf("%d blocks are held", n)
	}
	r.put(hot, make([]byte, recallRowMax+1))
	if _, ok, _ := r.get(hot); ok {
		t.Error("a row that is too large is remembered, or its older form is")
	}
}
