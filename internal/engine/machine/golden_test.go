package machine_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/machine/storytest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// A golden log holds, after a line that names the format, its frames, each after
// its length in four bytes, big-endian. Beside it lies what a replay must end
// in. A released log is never changed: handlers stay until no log needs them.
var rewrite = flag.Bool("rewrite", false, "add golden logs that are missing; those that exist are never changed")

const goldenFormat = "holdfast golden log 1\n"

// goldens names the logs that must exist: one for each feature level that was
// released. The log of a level still being made is composed by the test and kept
// nowhere; add it here when the level is done, and run the test with -rewrite.
var goldens = map[string]uint32{"level-1": 1, "level-2": 2, "level-3": 3, "level-4": 4}

// compose makes the log of a level, which ends with the way to the highest.
func compose(t *testing.T, level uint32) [][]byte {
	w := newWorkload(t, uint64(level))
	w.begin(level)
	for i := range 250 {
		w.step(i)
	}
	for w.p.Machine.Position().Level < machine.MaxLevel {
		w.ok(catalogue.SetLevel, &pb.SetLevel{Level: w.p.Machine.Position().Level + 1})
	}
	if w.do(catalogue.SetLevel, &pb.SetLevel{Level: machine.MaxLevel}).Code != code.LevelNotHigher {
		t.Fatal("the level is not the highest")
	}
	w.leases()
	w.people()
	holders := w.wallets()
	w.shownCodes(holders[0])
	w.sending()
	w.staff()
	w.reports()
	w.shops()
	w.atTills()
	next := &pb.Backfill{Name: "order_refunds", Limit: 7}
	for next != nil {
		next, _ = w.do(catalogue.Backfill, next).Body.(*pb.Backfill)
	}
	for i := range 50 {
		w.step(1000 + i)
	}
	w.end()
	return w.frames(20)
}

func writeFrames(frames [][]byte) []byte {
	buf := []byte(goldenFormat)
	for _, f := range frames {
		buf = append(binary.BigEndian.AppendUint32(buf, uint32(len(f))), f...)
	}
	return buf
}

func readFrames(t *testing.T, file string) (frames [][]byte) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	raw, ok := bytes.CutPrefix(raw, []byte(goldenFormat))
	for ok && len(raw) > 0 {
		n := binary.BigEndian.Uint32(raw)
		frames, raw = append(frames, raw[4:4+n]), raw[4+n:]
	}
	if len(frames) == 0 {
		t.Fatalf("%s holds no frames in a format this test reads", file)
	}
	return frames
}

// replay applies a log from nothing and describes where it ends.
func replay(t *testing.T, frames [][]byte) (end string, numbers map[catalogue.Number]bool) {
	t.Helper()
	mem := table.NewMem()
	p, err := storytest.NewSingle(mem, nil, machine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	numbers = map[catalogue.Number]bool{}
	codes := sha256.New()
	for _, raw := range frames {
		var f pb.Frame
		if err := f.UnmarshalVT(raw); err != nil {
			t.Fatal(err)
		}
		results, err := p.Frame(f.Commands...)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			var cmd pb.Command
			if err := cmd.UnmarshalVT(f.Commands[i]); err != nil {
				t.Fatal(err)
			}
			if r.Code == code.OK {
				numbers[catalogue.Number(cmd.Number)] = true
			}
			fmt.Fprintf(codes, "%d ", uint32(r.Code))
		}
	}
	if err := p.Read(machine.Audit); err != nil {
		t.Fatal(err)
	}
	tr, pos := traceOf(t, p.Machine, mem), p.Machine.Position()
	var b strings.Builder
	fmt.Fprintf(&b, "frames %d\nlevel %d\njournal %d %x\ncodes %x\nhead %x\nrows %x\n", len(frames), pos.Level, pos.JournalSize, pos.JournalRoot, codes.Sum(nil), sha256.Sum256([]byte(tr.head)), tr.rows)
	digests := p.Machine.Digests()
	for _, id := range table.All() {
		if d, ok := digests[id]; ok {
			fmt.Fprintf(&b, "%s %d %016x%016x\n", id, d.Rows, d.Hi, d.Lo)
		}
	}
	return b.String(), numbers
}

func TestGoldenLogsReplayToTheSameState(t *testing.T) {
	t.Parallel()
	if *rewrite {
		addMissing(t)
	}
	files, err := filepath.Glob("testdata/golden/*.log")
	if err != nil || len(files) < len(goldens) {
		t.Fatalf("found %d golden logs: run go test -run Golden -rewrite (%v)", len(files), err)
	}
	done := map[catalogue.Number]bool{}
	for _, file := range files {
		want, err := os.ReadFile(strings.TrimSuffix(file, ".log") + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		got, numbers := replay(t, readFrames(t, file))
		if got != string(want) {
			t.Errorf("%s ends elsewhere. A released log must replay for ever: changed behaviour takes a new command number.\ngot\n%swant\n%s", file, got, want)
		}
		for n := range numbers {
			done[n] = true
		}
	}
	if len(goldens) < machine.MaxLevel {
		_, numbers := replay(t, compose(t, machine.MaxLevel))
		maps.Copy(done, numbers)
	}
	for n := range catalogue.Number(1000) {
		if machine.Known(n) && !done[n] {
			t.Errorf("no golden log has %s succeed: add a log that does", n)
		}
	}
}

func addMissing(t *testing.T) {
	for name, level := range goldens {
		file := filepath.Join("testdata/golden", name)
		if _, err := os.Stat(file + ".log"); err == nil {
			continue
		}
		frames := compose(t, level)
		end, _ := replay(t, frames)
		for suffix, content := range map[string][]byte{".log": writeFrames(frames), ".txt": []byte(end)} {
			if err := os.WriteFile(file+suffix, content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestBackfillMakesTheSameIndex: a state that began at level 1 and was brought
// to level 2 has the index it would have had from the beginning, whatever the
// steps were.
func TestBackfillMakesTheSameIndex(t *testing.T) {
	t.Parallel()
	index := func(level uint32, limit uint32) (rows []string) {
		w := newWorkload(t, 77)
		w.begin(level)
		for i := range 400 {
			w.step(i)
		}
		if level < 2 {
			w.ok(catalogue.SetLevel, &pb.SetLevel{Level: 2})
			// A refund made while the backfill runs is indexed by itself.
			next := &pb.Backfill{Name: "order_refunds", Limit: limit}
			for steps := 0; next != nil; steps++ {
				next, _ = w.ok(catalogue.Backfill, next).(*pb.Backfill)
				if steps == 2 { // a node that restarted begins again
					w.ok(catalogue.Backfill, &pb.Backfill{Name: "order_refunds", Limit: limit})
				}
			}
		}
		err := w.p.Read(func(r table.Reader) error {
			head, _ := machine.Head(r)
			if machine.PendingBackfill(head) != "" {
				t.Error("the backfill is still pending")
			}
			from, to := table.Range(table.OrderRefunds)
			r.Scan(from, to, func(key, value []byte) bool {
				rows = append(rows, fmt.Sprintf("%x=%x", key, value))
				return true
			})
			return machine.Audit(r)
		})
		if err != nil {
			t.Error(err)
		}
		return rows
	}
	want := index(2, 0)
	if len(want) < 30 {
		t.Fatalf("only %d refunds", len(want))
	}
	for _, limit := range []uint32{1, 7, 1000, 5000} {
		if got := index(1, limit); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("in steps of %d the index has %d rows, want %d", limit, len(got), len(want))
		}
	}
}
