package peer_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/peer"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/snapshot"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// copies is a backend that gives its state away.
type copies struct {
	backend
	keeper *snapshot.Keeper
}

func (c *copies) Manifest(_ context.Context, req *pb.ManifestRequest) (*pb.SnapshotManifest, error) {
	return c.keeper.Manifest(req.AtLeast)
}

func (c *copies) ReadSnapshot(ctx context.Context, req *pb.ReadSnapshotRequest, send func([]byte) error) error {
	return c.keeper.Read(ctx, req, send)
}

// openState makes a state of n frames with rows that don't compress.
func openState(t *testing.T, dir string, id identity.Identity, n uint64) *store.Store {
	t.Helper()
	s, err := store.Open(dir, store.Options{Logger: slog.New(slog.DiscardHandler), MemTableBytes: 16 << 20, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetIdentity(id); err != nil {
		t.Fatal(err)
	}
	for i := uint64(1); i <= n; i++ {
		h, o := table.K(table.Head), table.K(table.Orders).U64(i)
		row := make([]byte, 0, 1000)
		for x := i; len(row) < 1000; x = x*6364136223846793005 + 1442695040888963407 {
			row = append(row, byte(x>>33), byte(x>>41))
		}
		err := s.Commit([]table.Write{
			{Key: h, Stored: table.Seal(nil, h, table.Encode(&pb.Head{AppliedIndex: i, AppliedTerm: 2}))},
			{Key: o, Stored: table.Seal(nil, o, row)}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// The whole way, over a link that breaks every megabyte and a half.
func TestSnapshotOverABadLink(t *testing.T) {
	t.Parallel()
	a, dir := newCA(t), t.TempDir()
	sender := identity.Identity{ClusterID: 7, RaftID: 1, Incarnation: 101}
	own := identity.Identity{ClusterID: 7, RaftID: 2, Incarnation: 102}
	s := openState(t, filepath.Join(dir, "a", "state"), sender, 6000)
	conf := func() (*raftpb.ConfState, *pb.Members) {
		return &raftpb.ConfState{Voters: []uint64{1}, Learners: []uint64{2}}, &pb.Members{Index: 3, Members: []*pb.Member{{RaftId: 1}, {RaftId: 2}}}
	}
	k, err := snapshot.NewKeeper(filepath.Join(dir, "a"), s, snapshot.KeeperOptions{
		MakeOptions: snapshot.MakeOptions{Logger: slog.New(slog.DiscardHandler), From: 1, Conf: conf}})
	if err != nil {
		t.Fatal(err)
	}
	n := start(t, a, 1, func(o *peer.Options) { o.Backend = &copies{keeper: k} })
	p := newProxy(t, n.address)
	at := client(t, a.holder(a.issue(t, "berta", "node", time.Hour))).At(p.address())
	var m *pb.SnapshotManifest
	wait(t, "a copy", func() bool {
		m, err = at.Manifest(within(t), &pb.ManifestRequest{AtLeast: 6000})
		if err != nil && !errors.Is(err, snapshot.ErrNotYet) {
			t.Fatal(err)
		}
		return err == nil
	})
	cuts, last := 0, uint64(0)
	b := filepath.Join(dir, "b")
	err = snapshot.Fetch(within(t), at, m, b, snapshot.FetchOptions{Logger: slog.New(slog.DiscardHandler), Retry: time.Millisecond,
		Progress: func(done, _ uint64) {
			if done-last > 3<<19 {
				p.cut()
				cuts, last = cuts+1, done
			}
		}})
	if err != nil || cuts < 2 {
		t.Fatalf("after %d cuts: %v", cuts, err)
	}
	got, err := snapshot.Install(b, snapshot.InstallOptions{
		Store: store.Options{Logger: slog.New(slog.DiscardHandler), MemTableBytes: 1 << 20, CacheBytes: 1 << 20},
		OpenLog: func() (snapshot.Log, error) {
			return raftlog.Open(filepath.Join(b, "log"), raftlog.Options{Identity: own, Logger: slog.New(slog.DiscardHandler)})
		}})
	if err != nil || got.Index != 6000 {
		t.Fatalf("installed %v: %v", got.GetIndex(), err)
	}
	// Gone there means gone here.
	if err := errors.Join(k.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	err = snapshot.Fetch(within(t), at, m, filepath.Join(dir, "c"), snapshot.FetchOptions{})
	if !errors.Is(err, snapshot.ErrGone) || strings.Count(err.Error(), "asking") != 1 {
		t.Errorf("a copy that is gone: %v", err)
	}
}
