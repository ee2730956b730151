package scrub_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/scrub"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	mchid = "1900000001"
	appid = "wx0123456789abcdef"
)

// rig is a node's stores with a small business in them.
type rig struct {
	t     testing.TB
	fs    *vfs.MemFS
	log   *raftlog.Log
	store *store.Store
	m     *machine.Machine
	index uint64
	seq   uint64
	uid   uint64
}

func newRig(t testing.TB) *rig { return newRigAt(t, machine.MaxLevel) }

func newRigAt(t testing.TB, level uint32) *rig {
	t.Helper()
	r := &rig{t: t, fs: vfs.NewMem()}
	quiet := slog.New(slog.DiscardHandler)
	fatal := func(err error) { t.Errorf("fatal: %v", err) }
	var err error
	if r.log, err = raftlog.Open("log", raftlog.Options{FS: r.fs, Fatal: fatal, Logger: quiet, MemTableBytes: 128 << 10, RecentBytes: 4 << 10, AckedEvery: time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	if r.store, err = store.Open("state", store.Options{FS: r.fs, Fatal: fatal, Logger: quiet, MemTableBytes: 256 << 10, CacheBytes: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(r.store.Abandon(), r.log.Close()); err != nil {
			t.Error(err)
		}
	})
	if r.m, err = machine.Open(r.store, machine.Options{}); err != nil {
		t.Fatal(err)
	}
	r.ok(catalogue.Genesis, &pb.Genesis{LogName: "scrub.example", Level: level})
	r.ok(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: mchid, Name: "Tea House", Appids: []string{appid}})
	r.uid = r.ok(catalogue.PersonAdd, &pb.PersonAdd{Ref: "ming", Name: "Ming", Appids: []string{appid}}).Body.(*pb.Person).Uid
	r.ok(catalogue.PersonTopup, &pb.PersonTopup{Uid: r.uid, Amount: 1_000_000_000, Currency: money.CNY, Ref: "open", Line: "demo"})
	return r
}

func (r *rig) command(n catalogue.Number, body table.Record) []byte {
	r.seq++
	cmd := catalogue.NewCommand(n, "test", fmt.Sprint(r.seq), body)
	cmd.At, cmd.Seed = 1_780_000_000_000+int64(r.seq), make([]byte, 16)
	binary.BigEndian.PutUint64(cmd.Seed, r.seq)
	return table.Encode(cmd)
}

// frame runs commands as one frame, as a node does: logged, synced, applied.
func (r *rig) frame(commands ...[]byte) []catalogue.Result {
	r.t.Helper()
	data := table.Encode(&pb.Frame{Commands: commands})
	r.index++
	index, term, commit := r.index, uint64(1), r.index-1
	if err := r.log.Append(&raftpb.HardState{Term: &term, Vote: &term, Commit: &commit},
		[]*raftpb.Entry{{Term: &term, Index: &index, Type: raftpb.EntryNormal.Enum(), Data: data}}, true); err != nil {
		r.t.Fatal(err)
	}
	results, err := r.m.Apply(index, term, data)
	if err != nil {
		r.t.Fatal(err)
	}
	r.log.Acked(index)
	return results
}

func (r *rig) ok(n catalogue.Number, body table.Record) catalogue.Result {
	r.t.Helper()
	res := r.frame(r.command(n, body))[0]
	if res.Code != code.OK {
		r.t.Fatalf("%s: %s", n, res.Code)
	}
	return res
}

// pairs creates and pays n orders, in frames of 20.
func (r *rig) pairs(n int) {
	r.t.Helper()
	for done := 0; done < n; {
		var create, pay [][]byte
		for range min(20, n-done) {
			done++
			create = append(create, r.command(catalogue.OrderCreate, &pb.OrderCreate{
				Mchid: mchid, Appid: appid, OutTradeNo: fmt.Sprintf("T-%08d", r.seq), Product: pb.Product_PRODUCT_NATIVE, Total: 100,
				Currency: money.CNY, Description: "乌龙茶", NotifyUrl: "https://shop.example/n"}))
		}
		for _, res := range r.frame(create...) {
			o := res.Body.(*pb.Order)
			pay = append(pay, r.command(catalogue.OrderPay, &pb.OrderPay{PrepayId: o.PrepayId, Uid: r.uid, Attempt: binary.BigEndian.AppendUint64(nil, o.Id)}))
		}
		for _, res := range r.frame(pay...) {
			if res.Code != code.OK {
				r.t.Fatal(res.Code)
			}
		}
	}
}

// flush puts everything into table files.
func (r *rig) flush() {
	r.t.Helper()
	if err := r.store.Flush(); err != nil {
		r.t.Fatal(err)
	}
	// The log's entries go to files when it is cut.
	if err := r.log.Compact(r.index / 2); err != nil {
		r.t.Fatal(err)
	}
}

// files lists the files of a folder that end in one of the suffixes.
func (r *rig) files(dir string, suffixes ...string) (out []string) {
	r.t.Helper()
	names, err := r.fs.List(dir)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, n := range names {
		for _, s := range suffixes {
			if strings.HasSuffix(n, s) || strings.HasPrefix(n, s) {
				out = append(out, r.fs.PathJoin(dir, n))
			}
		}
	}
	return out
}

// bytes is a file's content, to be altered in place.
func (r *rig) bytes(name string) []byte {
	r.t.Helper()
	b, ok := r.held(name)
	if !ok {
		r.t.Fatalf("%s is not there", name)
	}
	return b
}

// held is bytes for a file that a running store may have replaced; ok is false then.
func (r *rig) held(name string) (b []byte, ok bool) {
	r.t.Helper()
	b, err := r.fs.UnsafeGetFileDataBuffer(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.t.Fatal(err)
	}
	return b, err == nil
}

// clock is a clock that waiting moves.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	waits int
	// until, when not nil, is asked before each wait; an error ends it.
	until func(d time.Duration) error
}

func newClock() *clock { return &clock{now: time.UnixMilli(1_780_000_000_000)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Wait(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.until != nil {
		if err := c.until(d); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.waits++
	return nil
}

func (r *rig) options(c *clock) scrub.Options {
	return scrub.Options{State: r.store, Log: r.log, FS: r.fs, Path: scrub.ProgressFile, Rate: 1 << 30,
		Now: c.Now, Wait: c.Wait, Logger: slog.New(slog.DiscardHandler)}
}

// pass makes one pass with a new scrubber and returns what it found.
func (r *rig) pass() []scrub.Finding {
	r.t.Helper()
	opt := r.options(newClock())
	opt.Path = ""
	s := scrub.New(opt)
	if err := s.RunOnce(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	return s.Status().Open
}
