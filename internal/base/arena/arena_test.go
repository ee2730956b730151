package arena_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/arena"
)

// Whatever is handed out later, earlier pieces stay what they are, and no piece
// can grow into its neighbour.
func TestPiecesStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	var a arena.Arena
	type piece struct {
		got  []byte
		text string
		want string
	}
	var all []piece
	for i := range 20_000 {
		want := fmt.Sprintf("%d %s", i, bytes.Repeat([]byte{'x'}, i%97))
		p := piece{got: a.Copy([]byte(want)), text: a.Join(want[:1], want[1:]), want: want}
		if cap(p.got) != len(p.got) {
			t.Fatalf("a piece of %d bytes has room for %d", len(p.got), cap(p.got))
		}
		_ = append(p.got, "beyond its end"...)
		all = append(all, p)
	}
	for _, p := range all {
		if string(p.got) != p.want || p.text != p.want {
			t.Fatalf("a piece became %q and %q, it was %q", p.got, p.text, p.want)
		}
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	var a arena.Arena
	var sum uint64
	for _, n := range []int{0, 1, arena.Block / 4, arena.Block/4 + 1, arena.Block, 3 * arena.Block, 7} {
		p := a.Take(n)
		sum += uint64(n)
		if len(p) != n || a.Taken() != sum || !bytes.Equal(p, make([]byte, n)) {
			t.Errorf("Take(%d) returned %d bytes; %d taken in all", n, len(p), a.Taken())
		}
	}
	if a.Copy(nil) == nil {
		t.Error("a copy of nothing is nil")
	}
	if got := a.Text([]byte("row")); got != "row" {
		t.Errorf("Text is %q", got)
	}
}

// Pieces cost no allocation but their blocks.
func TestPiecesCostBlocksOnly(t *testing.T) {
	var a arena.Arena
	key := []byte("a key of twenty byte")
	if got := testing.AllocsPerRun(1000, func() { a.Copy(key); a.Join("order/", "17") }); got > 0.01 {
		t.Errorf("%v allocations for two pieces", got)
	}
}
