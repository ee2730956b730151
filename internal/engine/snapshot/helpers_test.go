package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3/raftpb"
	"go.uber.org/goleak"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/snapshot"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(m.Run()) // it is killed in the midst
	}
	goleak.VerifyTestMain(m)
}

var (
	idA = identity.Identity{ClusterID: 7, RaftID: 1, Incarnation: 11}
	idB = identity.Identity{ClusterID: 7, RaftID: 2, Incarnation: 22}
)

const term = 3

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func storeOptions(t testing.TB, fs vfs.FS) store.Options {
	return store.Options{FS: fs, Logger: discard(), MemTableBytes: 8 << 20, CacheBytes: 1 << 20,
		Fatal: func(err error) { t.Errorf("fatal: %v", err) }}
}

func logOptions(t testing.TB, fs vfs.FS, id identity.Identity) raftlog.Options {
	return raftlog.Options{FS: fs, Logger: discard(), MemTableBytes: 256 << 10, Identity: id,
		Fatal: func(err error) { t.Errorf("fatal: %v", err) }}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// frames commits frames from..to, each with a row that tells its number.
func frames(t testing.TB, s *store.Store, from, to uint64) {
	t.Helper()
	for i := from; i <= to; i++ {
		h, o := table.K(table.Head), table.K(table.Orders).U64(i)
		head := table.Seal(nil, h, table.Encode(&pb.Head{AppliedIndex: i, AppliedTerm: term}))
		must(t, s.Commit([]table.Write{{Key: h, Stored: head}, {Key: o, Stored: table.Seal(nil, o, row(i))}}))
		if i%100 == 0 && i <= 1000 {
			must(t, s.Flush()) // several table files; beyond, large ones
		}
	}
}

// row is hard to compress, so that files have some size.
func row(i uint64) []byte {
	b := make([]byte, 0, 600)
	for x := i*2654435761 + 1; len(b) < 600; x = x*6364136223846793005 + 1442695040888963407 {
		b = append(b, byte(x>>33), byte(x>>41), byte(x>>49))
	}
	return b
}

// wantFrames checks that the state in dir holds exactly the frames up to last
// and belongs to id.
func wantFrames(t testing.TB, fs vfs.FS, dir string, last uint64, id identity.Identity) {
	t.Helper()
	s, err := store.Open(dir, storeOptions(t, fs))
	must(t, err)
	defer func() { must(t, s.Close()) }()
	head, _, err := s.DurableHead()
	must(t, err)
	if head.GetAppliedIndex() != last {
		t.Fatalf("the state is as of %d, want %d", head.GetAppliedIndex(), last)
	}
	got, err := s.Identity()
	must(t, err)
	if got != id {
		t.Fatalf("the state belongs to %v, want %v", got, id)
	}
	for i := uint64(1); i <= last+1; i++ {
		k := table.K(table.Orders).U64(i)
		stored, ok, err := s.Load(k, nil)
		must(t, err)
		if ok != (i <= last) || ok && !bytes.Equal(stored, table.Seal(nil, k, row(i))) {
			t.Fatalf("row %d is there: %v", i, ok)
		}
	}
}

func confState() *raftpb.ConfState { return &raftpb.ConfState{Voters: []uint64{1, 2, 3}} }

func members(index uint64) *pb.Members {
	return &pb.Members{Index: index, Members: []*pb.Member{{RaftId: 1, Name: "anna"}, {RaftId: 2, Name: "berta"}, {RaftId: 3, Name: "carla"}}}
}

func conf() (*raftpb.ConfState, *pb.Members) { return confState(), members(4) }

// sender is a node with a state, and the keeper of its copies.
type sender struct {
	fs     *vfs.MemFS
	store  *store.Store
	keeper *snapshot.Keeper
	now    time.Time
}

// newSender has frames up to last.
func newSender(t testing.TB, last uint64, change func(*snapshot.KeeperOptions)) *sender {
	t.Helper()
	s := &sender{fs: vfs.NewMem(), now: time.Unix(1, 0)}
	var err error
	s.store, err = store.Open("a/state", storeOptions(t, s.fs))
	must(t, err)
	must(t, s.store.SetIdentity(idA))
	frames(t, s.store, 1, last)
	opt := snapshot.KeeperOptions{MakeOptions: snapshot.MakeOptions{FS: s.fs, Logger: discard(), From: 1, Conf: conf},
		Now: func() time.Time { return s.now }}
	if change != nil {
		change(&opt)
	}
	s.keeper, err = snapshot.NewKeeper("a", s.store, opt)
	must(t, err)
	t.Cleanup(func() {
		must(t, s.keeper.Close())
		must(t, s.store.Close())
		if names, _ := s.fs.List("a"); len(names) != 1 {
			t.Errorf("the sender's folder holds %v", names)
		}
	})
	return s
}

// manifest waits for a copy of at least that index.
func (s *sender) manifest(t testing.TB, atLeast uint64) *pb.SnapshotManifest {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		m, err := s.keeper.Manifest(atLeast)
		if err == nil {
			return m
		}
		if !errors.Is(err, snapshot.ErrNotYet) || time.Now().After(deadline) {
			t.Fatalf("no copy: %v", err)
		}
		time.Sleep(time.Millisecond)
	}
}

// remote reads from a keeper, counts, and fails when told to.
type remote struct {
	keeper *snapshot.Keeper
	bytes  uint64
	fail   func(req *pb.ReadSnapshotRequest) error
	change func(req *pb.ReadSnapshotRequest, data []byte) []byte
}

func (r *remote) ReadSnapshot(ctx context.Context, req *pb.ReadSnapshotRequest, take func([]byte) error) error {
	if r.fail != nil {
		if err := r.fail(req); err != nil {
			return err
		}
	}
	return r.keeper.Read(ctx, req, func(p []byte) error {
		r.bytes += uint64(len(p))
		if r.change != nil {
			p = r.change(req, p)
		}
		return take(p)
	})
}

func fetchOptions(t testing.TB, fs vfs.FS) snapshot.FetchOptions {
	return snapshot.FetchOptions{FS: fs, Logger: discard(), Retry: time.Millisecond,
		Fatal: func(err error) { t.Errorf("fatal: %v", err) }}
}

func fetch(t testing.TB, s *sender, m *pb.SnapshotManifest, fs vfs.FS) {
	t.Helper()
	must(t, snapshot.Fetch(context.Background(), &remote{keeper: s.keeper}, m, "b", fetchOptions(t, fs)))
}

func installOptions(t testing.TB, fs vfs.FS) snapshot.InstallOptions {
	return snapshot.InstallOptions{Store: storeOptions(t, fs),
		OpenLog: func() (snapshot.Log, error) { return raftlog.Open("b/log", logOptions(t, fs, idB)) }}
}

// receiver makes a data folder "b" whose state has frames up to applied and
// whose log reaches to last.
func receiver(t testing.TB, fs vfs.FS, applied, last uint64) {
	t.Helper()
	l, err := raftlog.Open("b/log", logOptions(t, fs, idB))
	must(t, err)
	must(t, l.SetConf(confState(), members(2)))
	must(t, l.Append(hardState(applied), entries(1, last), true))
	must(t, l.Close())
	s, err := store.Open("b/state", storeOptions(t, fs))
	must(t, err)
	must(t, s.SetIdentity(idB))
	frames(t, s, 1, applied)
	must(t, s.Close())
}

func hardState(commit uint64) *raftpb.HardState {
	vote, at := uint64(1), uint64(term)
	return &raftpb.HardState{Term: &at, Vote: &vote, Commit: &commit}
}

func entries(first, last uint64) (es []*raftpb.Entry) {
	for i := first; i <= last; i++ {
		at, index := uint64(term), i
		es = append(es, &raftpb.Entry{Index: &index, Term: &at, Type: raftpb.EntryNormal.Enum(), Data: fmt.Append(nil, "entry ", i)})
	}
	return es
}

// wantStart checks that the node may start on its log and that it goes on where
// it should.
func wantStart(t testing.TB, fs vfs.FS, applied, first, last, membersAt uint64) {
	t.Helper()
	l, err := raftlog.Open("b/log", logOptions(t, fs, idB))
	must(t, err)
	defer func() { must(t, l.Close()) }()
	must(t, l.CheckStart(raftlog.StartFacts{DurableApplied: applied, DurableAppliedTerm: term}))
	m := l.Metrics()
	_, known := l.Conf()
	if m.FirstIndex != first || m.LastIndex != last || known.GetIndex() != membersAt || l.Identity() != idB {
		t.Fatalf("the log has %d to %d, members as of %d, of %v; want %d to %d and %d",
			m.FirstIndex, m.LastIndex, known.GetIndex(), l.Identity(), first, last, membersAt)
	}
}

// wantTidy checks that nothing of an installation is left.
func wantTidy(t testing.TB, fs vfs.FS) {
	t.Helper()
	for _, name := range []string{"b/snapshot", "b/state.old"} {
		if _, err := fs.Stat(name); err == nil {
			t.Errorf("%s is left", name)
		}
	}
}

// flip changes one byte in the middle of a file.
func flip(t testing.TB, fs vfs.FS, path string) {
	t.Helper()
	f, err := fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	must(t, err)
	info, err := f.Stat()
	must(t, err)
	b := make([]byte, 1)
	at := info.Size() / 2
	_, err = f.ReadAt(b, at)
	must(t, err)
	b[0] ^= 0x10
	_, err = f.WriteAt(b, at)
	must(t, errors.Join(err, f.Sync(), f.Close()))
}
