package verify_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/run/node"
	"github.com/holdfast-pay/holdfast/internal/run/verify"
)

const (
	mchid = "1900000001"
	appid = "wx0123456789abcdef"
)

// trader drives a node that stands for a small town's evening.
type trader struct {
	t testing.TB
	n *node.Node
}

func (b trader) ok(n catalogue.Number, body table.Record) any {
	b.t.Helper()
	res, err := b.n.Replica().Do(b.t.Context(), catalogue.NewCommand(n, "test", "", body))
	if err != nil || res.Code != code.OK {
		b.t.Fatalf("%s: %s, %v", n, res.Code, err)
	}
	return res.Body
}

// trade places, pays and partly refunds orders from..to.
func (b trader) trade(uid uint64, from, to int) {
	b.t.Helper()
	for i := from; i < to; i++ {
		no := fmt.Sprintf("T-%06d", i)
		o := b.ok(catalogue.OrderCreate, &pb.OrderCreate{
			Mchid: mchid, Appid: appid, OutTradeNo: no, Product: pb.Product_PRODUCT_NATIVE, Total: 300,
			Currency: money.CNY, Description: "乌龙茶", NotifyUrl: "https://shop.example/n",
		}).(*pb.Order)
		if i%5 == 4 {
			continue // nobody came
		}
		b.ok(catalogue.OrderPay, &pb.OrderPay{PrepayId: o.PrepayId, Uid: uid, Attempt: []byte(no)})
		if i%3 == 0 {
			b.ok(catalogue.RefundCreate, &pb.RefundCreate{
				Mchid: mchid, OutRefundNo: "R-" + no, OutTradeNo: no, Refund: 100, Total: 300, Currency: money.CNY,
			})
		}
	}
}

// town is a data folder as a kill -9 leaves it: some of the state on disk, the
// rest only in the log.
func town(t testing.TB) string {
	t.Helper()
	live := filepath.Join(t.TempDir(), "live")
	cfg := node.Default()
	cfg.Data, cfg.LogName = live, "town"
	cfg.MerchantAPI.Address, cfg.MerchantAPI.InsecureLoopback = "127.0.0.1:0", true
	cfg.Admin.Address, cfg.Admin.InsecureLoopback = "127.0.0.1:0", true
	cfg.Inner.Address = "127.0.0.1:0"
	cfg.Disk.MinFree, cfg.Disk.MinFreePercent = 64<<20, 0
	open := func() *node.Node {
		n, err := node.Open(t.Context(), node.Options{Config: cfg, Version: "test", Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	stop := func(n *node.Node) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := n.Run(ctx); err != nil {
			t.Fatal(err)
		}
	}
	n := open()
	b := trader{t, n}
	b.ok(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: mchid, Name: "Tea House", Appids: []string{appid}})
	uid := b.ok(catalogue.PersonAdd, &pb.PersonAdd{Ref: "ming", Name: "Ming", Appids: []string{appid}}).(*pb.Person).Uid
	b.ok(catalogue.PersonTopup, &pb.PersonTopup{Uid: uid, Amount: 10_000_000, Currency: money.CNY, Ref: "open", Line: "demo"})
	b.trade(uid, 0, 400)
	stop(n) // flushes the state
	n = open()
	trader{t, n}.trade(uid, 400, 500)
	awaitAcked(t, live, n)
	copied := filepath.Join(t.TempDir(), "town")
	if err := os.CopyFS(copied, os.DirFS(live)); err != nil {
		t.Fatal(err)
	}
	stop(n)
	// CopyFS does not keep modes: the master key must be its owner's only.
	if err := os.Chmod(filepath.Join(copied, "keys", "master.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	return copied
}

// awaitAcked waits until the log's file `acked` tells of everything answered: a
// moment after the answer, and from then on no entry can go missing unnoticed.
func awaitAcked(t testing.TB, dir string, n *node.Node) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		// The index is read anew each time: a tick may have moved it on.
		want := binary.BigEndian.AppendUint64(nil, n.Replica().Applied())
		if text, err := os.ReadFile(filepath.Join(dir, "log", "acked")); err == nil && bytes.Contains(text, want) {
			return
		}
	}
	t.Fatalf("the file acked does not say %d", n.Replica().Applied())
}

func check(t testing.TB, dir string) (*verify.Report, error) {
	t.Helper()
	return verify.Folder(t.Context(), dir, verify.Options{})
}

func TestAFolderAsACrashLeavesItVerifies(t *testing.T) {
	t.Parallel()
	r, err := check(t, town(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Problems {
		t.Error(p)
	}
	if r.Orders != 500 || r.Refunds == 0 || r.Replayed == 0 || r.CheckpointSize == 0 {
		t.Errorf("the report is of another town: %+v", r)
	}
}

// TestNewerFolderIsNotCalledDamaged: what this binary is too old for, in the state
// or in the log, is for another binary to verify.
func TestNewerFolderIsNotCalledDamaged(t *testing.T) {
	t.Parallel()
	dir := town(t)
	l, err := raftlog.Open(filepath.Join(dir, "log"), raftlog.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	last, _ := l.LastIndex()
	entries, err := l.Entries(last, last+1, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	hs, _, err := l.InitialState()
	if err != nil {
		t.Fatal(err)
	}
	last++
	hs.Commit = &last
	raise := catalogue.NewCommand(catalogue.SetLevel, "test", "", &pb.SetLevel{Level: machine.MaxLevel + 1})
	entries[0].Index, entries[0].Data = &last, table.Encode(&pb.Frame{Commands: [][]byte{table.Encode(raise)}})
	if err := errors.Join(l.Append(hs, entries, true), l.Close()); err != nil {
		t.Fatal(err)
	}
	var old *machine.Outdated
	if r, err := check(t, dir); !errors.As(err, &old) || old.Index != last {
		t.Errorf("a log that goes beyond: %+v, %v", r, err)
	}
}

// TestEveryFlippedByteIsNamed flips one byte at positions stratified over the
// files that hold history or keys. HOLDFAST_FLIPS sets how many (2,000 in the
// long run).
func TestEveryFlippedByteIsNamed(t *testing.T) {
	t.Parallel()
	flips := 200
	if s := os.Getenv("HOLDFAST_FLIPS"); s != "" {
		flips, _ = strconv.Atoi(s)
	}
	dir := town(t)
	files := precious(t, dir)
	rng := rand.New(rand.NewPCG(1, 2))
	each := flips/len(files) + 1
	for _, f := range files {
		whole, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for i := range each {
			// One position in each of `each` equal stretches of the file.
			lo, hi := len(whole)*i/each, len(whole)*(i+1)/each
			if lo == hi {
				continue
			}
			at, bit := lo+rng.IntN(hi-lo), byte(1)<<rng.IntN(8)
			damaged := append([]byte(nil), whole...)
			damaged[at] ^= bit
			write(t, f, damaged)
			r, err := check(t, dir)
			if err == nil && r.OK {
				t.Errorf("%s: byte %d of %d with bit %#x flipped goes unnoticed", rel(dir, f), at, len(whole), bit)
			}
			write(t, f, whole)
		}
	}
	r, err := check(t, dir)
	if err != nil || !r.OK {
		t.Errorf("the folder is whole again and still refused: %v %v", err, r)
	}
}

func rel(dir, f string) string { return strings.TrimPrefix(f, dir+string(filepath.Separator)) }

// precious lists the files that hold history or keys: not locks, Pebble's notes
// of its options, empty markers, or the views, which are rebuilt at will.
func precious(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name := rel(dir, path)
		if strings.HasPrefix(d.Name(), "MANIFEST-") && !current(path) {
			return nil // replaced and about to be deleted
		}
		switch top, _, _ := strings.Cut(name, string(filepath.Separator)); {
		case info.Size() == 0, strings.HasPrefix(d.Name(), "OPTIONS-"), d.Name() == "LOCK", top == "views":
		case top == "log", top == "state" && !strings.HasSuffix(name, ".log"), top == "keys", top == "checkpoint":
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// current says whether a MANIFEST is the one that its store's marker names.
func current(manifest string) bool {
	markers, err := filepath.Glob(filepath.Join(filepath.Dir(manifest), "marker.manifest.*."+filepath.Base(manifest)))
	return err == nil && len(markers) > 0
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, info.Mode()); err != nil {
		t.Fatal(err)
	}
}
