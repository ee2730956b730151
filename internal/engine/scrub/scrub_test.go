package scrub_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/engine/journal"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/scrub"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAWholeStoreHasNoFindings(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if found := r.pass(); len(found) != 0 {
		t.Fatalf("nothing but the beginning: %v", found)
	}
	r.pairs(400)
	r.flush()
	r.pairs(40)
	if found := r.pass(); len(found) != 0 {
		t.Fatalf("%v", found)
	}
}

// The node works on while it is scrubbed: writes, flushes, compactions and cuts
// of the log are no damage.
func TestWorkMeanwhileIsNoDamage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.pairs(400)
	r.flush()
	clock := newClock()
	opt := r.options(clock)
	opt.Rate = 1 << 20
	turns := 0
	clock.until = func(time.Duration) error {
		if turns++; turns%4 == 0 {
			r.pairs(40)
		}
		if turns%16 == 0 {
			r.flush()
		}
		return nil
	}
	s := scrub.New(opt)
	for range 2 {
		if err := s.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if turns < 20 {
		t.Errorf("the node got only %d turns", turns)
	}
	if st := s.Status(); len(st.Open) != 0 || st.Pass != 2 || st.Running || st.Done.IsZero() {
		t.Errorf("%+v", st)
	}
}

// One byte flipped in each kind of file, at places spread over it: found, and
// named as what it is.
//
//test:cases
func TestEveryFlipIsFound(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.pairs(600)
	r.flush()
	rng := rand.New(rand.NewPCG(5, 6))
	for _, c := range []struct {
		dir, suffix string
		kind        scrub.Kind
	}{
		{"state", ".sst", scrub.StateFile},
		{"state", "MANIFEST-", scrub.StateFile},
		{"log", ".sst", scrub.LogFile},
		{"log", "MANIFEST-", scrub.LogFile},
		{"log", "acked", scrub.AckedFile},
	} {
		for replaced := true; replaced; {
			files := r.files(c.dir, c.suffix)
			if len(files) == 0 {
				t.Fatalf("there is no file for %v", c.kind)
			}
			replaced = slices.ContainsFunc(files, func(f string) bool { return !r.flips(f, c.kind, rng) })
		}
	}
	if found := r.pass(); len(found) != 0 {
		t.Fatalf("everything is whole again: %v", found)
	}
}

// flips flips bits of a file and looks whether a pass finds each; false when the
// store replaced the file meanwhile: it has not come to rest yet.
func (r *rig) flips(file string, kind scrub.Kind, rng *rand.Rand) bool {
	r.t.Helper()
	b, there := r.held(file)
	const places = 8
	for i := range places {
		lo, hi := len(b)*i/places, len(b)*(i+1)/places
		if lo == hi {
			continue
		}
		at, bit := lo+rng.IntN(hi-lo), byte(1)<<rng.IntN(8)
		b[at] ^= bit
		found := r.pass()
		now, still := r.held(file)
		there = still && len(now) > 0 && &now[0] == &b[0]
		b[at] ^= bit
		if !there {
			return false
		}
		if !slices.ContainsFunc(found, func(x scrub.Finding) bool { return x.Kind == kind }) && !unfinished(file, b, at) {
			r.t.Errorf("%s: bit %#x of byte %d of %d: found %v", file, bit, at, len(b), found)
		}
	}
	return there
}

// unfinished: in a MANIFEST at work a record that seems to go on beyond the end
// is one that is being written.
func unfinished(file string, b []byte, at int) bool {
	return strings.Contains(file, "MANIFEST") && at > len(b)-300
}

// Rows that vanish, come, or change with a right checksum, and rows that end up
// under another key: what a misdirected read or write, or a lost file, leaves.
func TestRowsThatAreWholeButWrong(t *testing.T) {
	t.Parallel()
	r := newRigAt(t, journal.LevelPacked-1)
	r.pairs(20) // entries 4 to 43, each a row
	r.ok(catalogue.SetLevel, &pb.SetLevel{Level: machine.MaxLevel})
	r.pairs(80) // entries 45 to 64 are a row, and so on
	load := func(key []byte) []byte {
		stored, ok, err := r.store.Load(key, nil)
		if err != nil || !ok {
			t.Fatalf("row %x: %v %v", key, ok, err)
		}
		return stored
	}
	order := func(n uint64) []byte { return table.K(table.Orders).U64(n) }
	bit := func(stored []byte) []byte { stored[len(stored)/2] ^= 1; return stored }
	for _, c := range []struct {
		name  string
		write table.Write
		want  string
	}{
		{"an order vanishes", table.Write{Key: order(7)}, "state_table: table orders: bucket"},
		{"an order is another one's bytes", table.Write{Key: order(7), Stored: load(order(8))}, "state_row: orders row 380000000000000007: row fails its CRC"},
		{"an order has another content", table.Write{Key: order(7), Stored: table.Seal(nil, order(7), []byte{8, 9})}, "state_table: table orders: digest is"},
		{"an order nobody placed", table.Write{Key: order(7777), Stored: table.Seal(nil, order(7777), nil)}, "state_table: table orders: bucket"},
		{"a person vanishes", table.Write{Key: table.K(table.Persons).U64(r.uid)}, "state_table: table persons: has 0 rows, the head says 1"},
		{"a journal entry vanishes", table.Write{Key: journal.RowKey(30)}, "state_row: journal entry 30"},
		{"a journal entry changes", table.Write{Key: journal.RowKey(30), Stored: table.Seal(nil, journal.RowKey(30), load(journal.RowKey(31))[5:])}, "state_"},
		{"a row of journal entries vanishes", table.Write{Key: journal.RowKey(64)}, "state_row: journal entry 45"},
		{"a row of journal entries has a flipped bit", table.Write{Key: journal.RowKey(64), Stored: bit(load(journal.RowKey(64)))}, "state_row: journal row 100000000000000040: row fails its CRC"},
		{"one of its entries changes", table.Write{Key: journal.RowKey(64), Stored: table.Seal(nil, journal.RowKey(64), bit(load(journal.RowKey(64)))[5:])}, "state_"},
		{"a row of journal entries is another's", table.Write{Key: journal.RowKey(64), Stored: table.Seal(nil, journal.RowKey(64), load(journal.RowKey(104))[5:])}, "journal: entry 45 says that it is entry 85"},
		{"a row of no table", table.Write{Key: []byte{0xf7, 1}, Stored: table.Seal(nil, []byte{0xf7, 1}, nil)}, "belongs to no table"},
		{"the head cannot be read", table.Write{Key: table.K(table.Head), Stored: []byte{1, 2, 3, 4, 5, 6}}, "state_row: head row 01"},
	} {
		old, had, err := r.store.Load(c.write.Key, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.store.Commit([]table.Write{c.write}); err != nil {
			t.Fatal(err)
		}
		found := r.pass()
		if len(found) != 1 || !strings.Contains(found[0].String(), c.want) {
			t.Errorf("%s: found %v, want %q", c.name, found, c.want)
		}
		back := table.Write{Key: c.write.Key}
		if had {
			back.Stored = old
		}
		if err := r.store.Commit([]table.Write{back}); err != nil {
			t.Fatal(err)
		}
	}
	if found := r.pass(); len(found) != 0 {
		t.Fatalf("everything is whole again: %v", found)
	}
}

// A pass that is interrupted again and again ends all the same, goes on where it
// was, and finds what it would have found.
func TestAPassGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.pairs(600)
	r.flush()
	if err := r.store.Commit([]table.Write{{Key: table.K(table.Persons).U64(r.uid)}}); err != nil {
		t.Fatal(err)
	}
	var steps []string
	lives, found := 0, 0
	for ; lives < 400; lives++ {
		clock := newClock()
		clock.now = clock.now.Add(time.Duration(lives) * time.Minute)
		turns := 0
		clock.until = func(time.Duration) error {
			if turns++; turns > 2+lives {
				return errors.New("power cut")
			}
			return nil
		}
		opt := r.options(clock)
		opt.Rate = 256 << 10
		opt.Found = func(f scrub.Finding) {
			if f.Table == table.Persons {
				found++
			}
		}
		s := scrub.New(opt)
		err := s.RunOnce(t.Context())
		if err == nil {
			break
		}
		var step string
		if _, rest, ok := strings.Cut(err.Error(), "scrub "); ok {
			step, _, _ = strings.Cut(rest, ":")
		}
		if len(steps) == 0 || steps[len(steps)-1] != step {
			if slices.Contains(steps, step) {
				t.Errorf("step %q is gone back to: %v", step, steps)
			}
			steps = append(steps, step)
		}
	}
	if lives < 2 || lives == 400 || len(steps) < 2 {
		t.Errorf("%d lives, interrupted in %v", lives, steps)
	}
	if found == 0 {
		t.Error("the person that vanished was not found")
	}
	st := scrub.New(r.options(newClock())).Status()
	if st.Pass != 1 || st.Done.IsZero() || st.Found == 0 {
		t.Errorf("after it %+v", st)
	}
}

// A progress file that is damaged costs a pass and nothing else.
func TestDamagedProgressBeginsAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := scrub.New(r.options(newClock()))
	for range 3 {
		if err := s.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if st := scrub.New(r.options(newClock())).Status(); st.Pass != 3 {
		t.Fatalf("%+v", st)
	}
	b := r.bytes(scrub.ProgressFile)
	for at := range b {
		b[at] ^= 2
		if st := scrub.New(r.options(newClock())).Status(); st.Pass != 0 || !st.Done.IsZero() {
			t.Errorf("byte %d: %+v", at, st)
		}
		b[at] ^= 2
	}
}

// The rate holds, and a busy node is read at an eighth of it.
func TestRate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.pairs(600)
	r.flush()
	took := func(rate uint64, busy bool) (time.Duration, uint64) {
		clock := newClock()
		opt := r.options(clock)
		opt.Rate, opt.Path, opt.Busy = rate, "", func() bool { return busy }
		s := scrub.New(opt)
		begin := clock.Now()
		if err := s.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		return clock.Now().Sub(begin), s.Status().Read
	}
	for _, rate := range []uint64{64 << 10, 1 << 20} {
		d, read := took(rate, false)
		ideal := time.Duration(float64(read) / float64(rate) * float64(time.Second))
		if d < ideal*8/10 || d > ideal*11/10 {
			t.Errorf("%d bytes at %d a second took %v, not %v", read, rate, d, ideal)
		}
	}
	idle, _ := took(64<<10, false)
	busy, _ := took(64<<10, true)
	if ratio := float64(busy) / float64(idle); ratio < 7 || ratio > 9 {
		t.Errorf("a busy node is read %.1f times more slowly", ratio)
	}
}

// Run makes a pass at once, and then one every so often.
func TestRunKeepsTime(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	clock := newClock()
	opt := r.options(clock)
	opt.Every = time.Hour
	s := scrub.New(opt)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	begin := clock.Now()
	clock.until = func(d time.Duration) error {
		if clock.Now().Sub(begin) > 10*time.Hour {
			cancel()
		}
		return ctx.Err()
	}
	s.Run(ctx)
	if st := s.Status(); st.Pass < 10 || st.Pass > 12 {
		t.Errorf("%d passes in ten hours", st.Pass)
	}
	if age, ok := s.Status().Age(clock.Now()); !ok || age > 2*time.Hour {
		t.Errorf("the last whole pass is %v old (%v)", age, ok)
	}
}

// Progress only grows, from nothing to nearly all, and says where it is.
func TestPercentGrows(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.pairs(600)
	r.flush()
	clock := newClock()
	opt := r.options(clock)
	opt.Rate = 256 << 10
	s := scrub.New(opt)
	var seen []uint32
	clock.until = func(time.Duration) error {
		st := s.Status()
		if !st.Running || st.Step == "" {
			t.Errorf("a pass under way is %+v", st)
		}
		seen = append(seen, st.Percent)
		return nil
	}
	if err := s.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(seen) || len(seen) < 10 || seen[0] > 20 || seen[len(seen)-1] < 60 {
		t.Errorf("percents seen: %v", seen)
	}
}

// What a reader meets is a finding like any other, told once.
func TestNoticed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	opt := r.options(newClock())
	told := 0
	opt.Found = func(scrub.Finding) { told++ }
	s := scrub.New(opt)
	if s.Noticed(nil) || s.Noticed(errors.New("merchant is closed")) || s.Noticed(context.Canceled) {
		t.Error("an error that is no damage is noticed")
	}
	damage := fmt.Errorf("order 7: %w", &table.Damage{Key: table.K(table.Orders).U64(7), Cause: errors.New("row fails its CRC")})
	for range 2 {
		if !s.Noticed(damage) {
			t.Error("damage is not noticed")
		}
	}
	if told != 1 {
		t.Errorf("damage is told %d times", told)
	}
	st := s.Status()
	if len(st.Open) != 1 || st.Found != 1 || !st.StateDamaged() || st.Open[0].Kind != scrub.StateRow {
		t.Fatalf("%+v", st)
	}
	s.Healed(st.Open[0])
	if st := s.Status(); len(st.Open) != 0 || st.StateDamaged() || st.Found != 1 {
		t.Errorf("healed: %+v", st)
	}
	if !s.Noticed(damage) || told != 2 {
		t.Error("damage that comes back is not told")
	}
	for n := range uint64(3 * scrub.MaxOpen) {
		s.Noticed(&table.Damage{Key: table.K(table.Orders).U64(100 + n), Cause: errors.New("x")})
	}
	if st := s.Status(); len(st.Open) != scrub.MaxOpen {
		t.Errorf("%d findings are kept", len(st.Open))
	}
}

// What a store meets in the midst of a read is told from another goroutine, once.
func TestMet(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	opt := r.options(newClock())
	told := make(chan scrub.Finding, 10)
	holding := make(chan struct{})
	opt.Found = func(f scrub.Finding) {
		<-holding
		told <- f
	}
	s := scrub.New(opt)
	err := &diskguard.FileError{File: "state/000007.sst", Cause: errors.New("checksum")}
	s.Met(errors.New("no damage"))
	s.Met(err) // does not wait for who is told
	close(holding)
	if f := <-told; f.Kind != scrub.StateFile || f.Where != "state/000007.sst" {
		t.Errorf("told of %v", f)
	}
	s.Met(err)
	if open := s.Status().Open; len(open) != 1 || len(told) != 0 {
		t.Errorf("open are %v, told %d more", open, len(told))
	}
}
