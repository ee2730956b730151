package table

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// Whatever was committed is what the next frames find, over however many
// generations, whether it is remembered or read again; and a frame that is given
// up leaves nothing.
func TestRecallNeverRemembersTheOld(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		mem := NewMem()
		o := NewOverlay(mem)
		o.recall = newRecall(uint64(rapid.IntRange(0, 2000).Draw(rt, "limit")))
		committed := map[string]string{}
		for step := range rapid.IntRange(1, 60).Draw(rt, "frames") {
			o.Reset()
			now := map[string]string{}
			for k, v := range committed {
				now[k] = v
			}
			for range rapid.IntRange(0, 6).Draw(rt, "ops") {
				key := K(Accounts).Str(fmt.Sprint("row ", rapid.IntRange(0, 8).Draw(rt, "key")))
				switch rapid.IntRange(0, 3).Draw(rt, "do") {
				case 0:
					o.Delete(key)
					delete(now, string(key))
				case 1:
					now[string(key)] = fmt.Sprint("value of ", step)
					o.Set(key, []byte(now[string(key)]))
				default:
					want, held := now[string(key)]
					if got, ok := o.Get(key); ok != held || string(got) != want {
						rt.Fatalf("%s is %q (%v), want %q (%v)", key, got, ok, want, held)
					}
				}
			}
			if rapid.IntRange(0, 5).Draw(rt, "give up") == 0 {
				continue
			}
			if err := mem.Commit(o.Flush(map[ID]*Digest{Accounts: {}})); err != nil {
				rt.Fatal(err)
			}
			committed = now
		}
	})
}

// Rows that are asked for stay while others come and go; memory is bounded, and
// a row that stays does not keep the block it was once made in.
func TestRecallKeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	const limit = 64 << 10
	reads := &counting{Mem: NewMem()}
	o := NewOverlay(reads)
	o.recall = newRecall(limit)
	hot, row := K(Accounts).Str("hot"), make([]byte, 200)
	o.Set(hot, row)
	commit := func() {
		if err := reads.Commit(o.Flush(map[ID]*Digest{Accounts: {}})); err != nil {
			t.Fatal(err)
		}
		o.Reset()
	}
	commit()
	before := reads.loads
	for i := range 2_000 {
		o.Insert(K(Accounts).Str("row").U32(uint32(i)), row)
		if i%10 == 0 {
			o.Get(hot)
			commit()
		}
	}
	// In test builds some reads go to the store to be compared.
	if n := reads.loads[string(hot)] - before[string(hot)]; n > 60 {
		t.Errorf("a row in use was read %d times", n)
	}
	if old := K(Accounts).Str("row").U32(3); o.recall.get(o.recall.hash(old), old) != nil {
		t.Error("a row of long ago is still remembered")
	}
	if n := o.recall.used; n > 2*limit/len(row) {
		t.Errorf("%d rows are remembered", n)
	}
}

// counting counts the reads of each row.
type counting struct {
	*Mem
	loads map[string]int
}

func (c *counting) Load(key, buf []byte) ([]byte, bool, error) {
	if c.loads == nil {
		c.loads = map[string]int{}
	}
	c.loads[string(key)]++
	return c.Mem.Load(key, buf)
}
