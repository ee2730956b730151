package raftlog_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
)

// damaged is a log to do harm to: entries 1..last of term 1 in table files and
// in write-ahead logs of several blocks, all acknowledged.
type damaged struct {
	fs   *vfs.MemFS
	last uint64
}

// writeLog makes one. With kill the process died after its last acknowledgement
// had reached the file acked; otherwise it was closed.
func writeLog(t *testing.T, kill bool) damaged {
	t.Helper()
	fs := vfs.NewCrashableMem()
	opt := options(t, fs)
	opt.MemTableBytes = 128 << 10 // so that there are table files too
	l := open(t, opt)
	const last = 600
	for i := uint64(1); i <= last; i += 4 {
		mustAppend(t, l, hard(1, i-1), entries(i, i+3, 1))
	}
	l.Acked(last)
	if !kill {
		closed(t, l.Close)
		return damaged{killed(fs), last}
	}
	waitAcked(t, fs, last)
	// A table file that is there and not yet in the manifest is not missed.
	until(t, func() bool { return l.Tables() == int64(len(files(t, fs, "*.sst"))) && l.Tables() > 0 })
	d := damaged{killed(fs), last}
	closed(t, l.Close)
	return d
}

// waitAcked waits until the goroutine has written the file.
func waitAcked(t *testing.T, fs vfs.FS, index uint64) {
	t.Helper()
	until(t, func() bool {
		ro := options(t, fs.(*vfs.MemFS).CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: steady()}))
		ro.ReadOnly = true
		l, err := raftlog.Open(dir, ro)
		if err != nil {
			return false
		}
		defer l.Close()
		return l.AckedIndex() == index
	})
}

// check starts on a harmed copy and says what happened: "refused" and "named"
// are as good as "the same"; the answer "LOST" with a reason is not.
func (d damaged) check(t *testing.T, fs vfs.FS) (verdict, detail string) {
	opt := options(t, fs)
	opt.Fatal = func(error) {}
	l, err := raftlog.Open(dir, opt)
	if err != nil {
		return mentions("refused", err)
	}
	defer func() { _ = l.Close() }()
	if err := l.CheckStart(raftlog.StartFacts{}); err != nil {
		return mentions("refused", err)
	}
	if err := haveEntries(l, 1, d.last, 1); err != nil {
		return "LOST", err.Error()
	}
	if hs, _, _ := l.InitialState(); hs.GetTerm() != 1 || hs.GetVote() != 1 {
		return "LOST", fmt.Sprintf("hard state reads %v", hs)
	}
	named := ""
	if err := l.Verify(func(err error) bool { named = err.Error(); return true }); err != nil || named != "" {
		return "named", named
	}
	return "the same", ""
}

// mentions makes sure that a refusal names the folder or a file in it.
func mentions(verdict string, err error) (string, string) {
	if !strings.Contains(err.Error(), dir) {
		return "LOST", "refused without a name: " + err.Error()
	}
	return verdict, err.Error()
}

// harm applies each change to a fresh copy of the log and checks it.
func (d damaged) harm(t *testing.T, name string, positions []int, change func(b []byte, at int)) {
	t.Helper()
	good := readAll(t, d.fs, name)
	counts := map[string]int{}
	for _, at := range positions {
		fs := killed(d.fs)
		b := bytes.Clone(good)
		change(b, at)
		if bytes.Equal(b, good) {
			continue
		}
		writeAll(t, fs, name, b)
		verdict, detail := d.check(t, fs)
		counts[verdict]++
		if verdict == "LOST" {
			t.Errorf("%s, byte %d of %d: %s", name, at, len(good), detail)
		}
	}
	t.Logf("%s (%d bytes): %v", name, len(good), counts)
}

// spread are about n positions over size, the last 40 among them.
func spread(size, n int) (at []int) {
	step := max(size/n, 1)
	for i := 0; i < size; i += step {
		at = append(at, i+(i/step)%step) // not always the same place in a chunk
	}
	for i := max(size-40, 0); i < size; i += 2 {
		at = append(at, i)
	}
	return slices.DeleteFunc(at, func(i int) bool { return i >= size })
}

// positions is how many places in each file are harmed; the soak tries more.
func positions() int {
	if os.Getenv("HOLDFAST_SOAK") != "" {
		return 4000
	}
	return 30
}

// One flipped bit or one zeroed sector anywhere: the log refuses to start, or
// the damage is named, or it reads back as it was written. It never loses an
// acknowledged entry in silence. The write-ahead log's last 32 KiB, where Pebble
// takes damage for an unfinished write, are covered by the file acked.
//
//test:cases
func TestM_LogNoticesBitFlipsAndZeroedSectors(t *testing.T) {
	t.Parallel()
	for _, kill := range []bool{true, false} {
		state := map[bool]string{true: "killed", false: "closed"}[kill]
		d := writeLog(t, kill)
		names := files(t, d.fs, "*.log")
		names = append(names, files(t, d.fs, "*.sst")...)
		names = append(names, files(t, d.fs, "MANIFEST-*")...)
		names = append(names, files(t, d.fs, "acked")...)
		if len(names) < 4 {
			t.Fatalf("there are only %v", names)
		}
		for _, name := range names {
			t.Run(state+", flipped, "+name, func(t *testing.T) {
				t.Parallel()
				size := len(readAll(t, d.fs, name))
				d.harm(t, name, spread(size, positions()), func(b []byte, at int) { b[at] ^= 1 << (at % 8) })
			})
			t.Run(state+", zeroed, "+name, func(t *testing.T) {
				t.Parallel()
				size := len(readAll(t, d.fs, name))
				d.harm(t, name, spread(size, positions()/2), func(b []byte, at int) {
					sector := at / 512 * 512
					clear(b[sector:min(sector+512, len(b))])
				})
			})
		}
	}
}

// A file that is gone is noticed, whichever it is, and all is well when it is
// put back.
func TestMissingFilesAreNoticed(t *testing.T) {
	t.Parallel()
	d := writeLog(t, true)
	for _, pattern := range []string{"*.log", "*.sst", "MANIFEST-*", "acked", "marker.manifest.*"} {
		names := files(t, d.fs, pattern)
		for _, name := range names {
			fs := killed(d.fs)
			if err := fs.Remove(name); err != nil {
				t.Fatal(err)
			}
			// Of logs and manifests older ones may lie about unused.
			verdict, detail := d.check(t, fs)
			if verdict != "refused" && (verdict != "the same" || name == newest(names)) {
				t.Errorf("without %s: %s %s", name, verdict, detail)
			}
		}
	}
	if verdict, detail := d.check(t, killed(d.fs)); verdict != "the same" {
		t.Errorf("the whole log: %s %s", verdict, detail)
	}
}

// The last record torn at any byte: the log comes up with all records before it,
// and without acked to say otherwise the torn one is gone.
//
//test:cases
func TestTornLastRecord(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	l := open(t, options(t, fs))
	mustAppend(t, l, hard(1, 7), entries(1, 20, 1)) // ends in no zero byte
	l.Acked(20)
	name := files(t, fs, "*.log")[0]
	before := len(bytes.TrimRight(readAll(t, fs, name), "\x00"))
	mustAppend(t, l, nil, entries(21, 21, 1)) // written, not acknowledged
	after := len(bytes.TrimRight(readAll(t, fs, name), "\x00"))
	if after < before+100 {
		t.Fatalf("the last record lies between %d and %d", before, after)
	}
	waitAcked(t, fs, 20)
	whole := killed(fs)
	closed(t, l.Close)

	torn := 0
	for n := before; n <= after; n++ {
		for how, cut := range map[string]func([]byte) []byte{
			"cut":    func(b []byte) []byte { return b[:n] },
			"zeroed": func(b []byte) []byte { clear(b[n:]); return b },
		} {
			if how == "zeroed" && n%5 != 0 && n+20 < after {
				continue
			}
			fs := killed(whole)
			writeAll(t, fs, name, cut(readAll(t, fs, name)))
			l := open(t, options(t, fs))
			if err := l.CheckStart(raftlog.StartFacts{}); err != nil {
				t.Fatalf("%s at %d: %v", how, n, err)
			}
			last, _ := l.LastIndex()
			if last != 20 && (last != 21 || n < after) {
				t.Fatalf("%s at %d of %d: the log ends at %d", how, n, after, last)
			}
			if last == 20 {
				torn++
			}
			wantEntries(t, l, 1, last, 1)
			mustAppend(t, l, nil, entries(last+1, last+1, 1)) // and it goes on
			closed(t, l.Close)
		}
	}
	if torn < after-before {
		t.Errorf("only %d cuts tore the record of %d bytes", torn, after-before)
	}
}

func newest(names []string) (n string) {
	for _, name := range names {
		n = max(n, name)
	}
	return n
}
