package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/engine/snapshot"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The sender goes away again and again; each fetch takes up where the last one
// ended, and nothing comes twice but the range that was under way.
func TestFetchGoesOn(t *testing.T) {
	t.Parallel()
	s := newSender(t, 3500, nil) // files of more than one range
	m := s.manifest(t, 0)
	fs := vfs.NewMem()
	r := &remote{keeper: s.keeper}
	var last uint64
	opt := fetchOptions(t, fs)
	opt.Progress = func(done, total uint64) {
		if total != snapshot.Size(m) || done > total {
			t.Errorf("progress says %d of %d", done, total)
		}
		last = done
	}
	attempts := 0
	for {
		attempts++
		n := 0
		r.fail = func(*pb.ReadSnapshotRequest) error {
			if n++; n > 2 {
				return fmt.Errorf("%w: gone to restart", snapshot.ErrGone)
			}
			return nil
		}
		err := snapshot.Fetch(context.Background(), r, m, "b", opt)
		if err == nil {
			break
		}
		if !errors.Is(err, snapshot.ErrGone) || attempts > 100 {
			t.Fatal(err)
		}
	}
	if attempts < 4 || r.bytes != snapshot.Size(m) || last != snapshot.Size(m) {
		t.Errorf("%d attempts; %d bytes of %d were sent; progress ended at %d", attempts, r.bytes, snapshot.Size(m), last)
	}
	if _, err := snapshot.Install("b", installOptions(t, fs)); err != nil {
		t.Fatal(err)
	}
	wantFrames(t, fs, "b/state", 3500, idB)
}

// What a later copy shares with an earlier one is not fetched again.
func TestFilesOfAnEarlierCopyServe(t *testing.T) {
	t.Parallel()
	s := newSender(t, 300, nil) // few enough files that none are merged
	fs := vfs.NewMem()
	fetch(t, s, s.manifest(t, 0), fs)
	frames(t, s.store, 301, 320)
	s.now = s.now.Add(snapshot.DefaultEvery)
	m := s.manifest(t, 301)
	r := &remote{keeper: s.keeper}
	must(t, snapshot.Fetch(context.Background(), r, m, "b", fetchOptions(t, fs)))
	if r.bytes > snapshot.Size(m)/2 {
		t.Errorf("%d bytes of %d were sent", r.bytes, snapshot.Size(m))
	}
	if got, err := snapshot.Install("b", installOptions(t, fs)); err != nil || got.Index != 320 {
		t.Fatal(err)
	}
	wantFrames(t, fs, "b/state", 320, idB)
}

func TestRangesAreAskedForAgain(t *testing.T) {
	t.Parallel()
	s := newSender(t, 300, nil)
	m := s.manifest(t, 0)
	n := 0
	r := &remote{keeper: s.keeper, fail: func(*pb.ReadSnapshotRequest) error {
		if n++; n%3 != 0 {
			return errors.New("the link flaps")
		}
		return nil
	}}
	must(t, snapshot.Fetch(context.Background(), r, m, "b", fetchOptions(t, vfs.NewMem())))
	r.fail = func(*pb.ReadSnapshotRequest) error { n++; return errors.New("the link is down") }
	n = 0
	err := snapshot.Fetch(context.Background(), r, m, "b", fetchOptions(t, vfs.NewMem()))
	if err == nil || !strings.Contains(err.Error(), "the link is down") || n != snapshot.DefaultAttempts {
		t.Errorf("after %d attempts: %v", n, err)
	}
}

func TestWrongBytesAreRefused(t *testing.T) {
	t.Parallel()
	s := newSender(t, 300, nil)
	m := s.manifest(t, 0)
	for name, change := range map[string]func(*pb.ReadSnapshotRequest, []byte) []byte{
		"another content": func(_ *pb.ReadSnapshotRequest, p []byte) []byte { return append([]byte{p[0] ^ 1}, p[1:]...) },
		"too much":        func(_ *pb.ReadSnapshotRequest, p []byte) []byte { return append(p[:len(p):len(p)], 0) },
		"too little":      func(_ *pb.ReadSnapshotRequest, p []byte) []byte { return p[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fs := vfs.NewMem()
			r := &remote{keeper: s.keeper, change: change}
			if err := snapshot.Fetch(context.Background(), r, m, "b", fetchOptions(t, fs)); err == nil {
				t.Fatal("it was taken")
			}
			if got, err := snapshot.Install("b", installOptions(t, fs)); got != nil || err != nil {
				t.Errorf("installed %v: %v", got, err)
			}
		})
	}
}

// A part that has rotten since is noticed when the file is whole, and fetched
// from its start.
func TestRottenPartIsFetchedAnew(t *testing.T) {
	t.Parallel()
	s := newSender(t, 3500, nil)
	m := s.manifest(t, 0)
	fs := vfs.NewMem()
	r := &remote{keeper: s.keeper, fail: func(req *pb.ReadSnapshotRequest) error {
		if req.Offset > 0 {
			return snapshot.ErrGone
		}
		return nil
	}}
	if err := snapshot.Fetch(context.Background(), r, m, "b", fetchOptions(t, fs)); !errors.Is(err, snapshot.ErrGone) {
		t.Fatal(err)
	}
	names, err := fs.List("b/snapshot/files")
	must(t, err)
	parts := 0
	for _, name := range names {
		if strings.HasSuffix(name, ".part") {
			flip(t, fs, "b/snapshot/files/"+name)
			parts++
		}
	}
	if parts != 1 {
		t.Fatalf("%d parts among %v", parts, names)
	}
	fetch(t, s, m, fs)
	if _, err := snapshot.Install("b", installOptions(t, fs)); err != nil {
		t.Fatal(err)
	}
	wantFrames(t, fs, "b/state", 3500, idB)
}

func TestFetchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := newSender(t, 1000, nil)
	m := s.manifest(t, 0)
	opt := fetchOptions(t, vfs.NewMem())
	opt.BytesPerSecond = 1 // the whole takes days
	ctx, cancel := context.WithCancel(context.Background())
	opt.Progress = func(done, _ uint64) {
		if done > 0 {
			cancel()
		}
	}
	if err := snapshot.Fetch(ctx, &remote{keeper: s.keeper}, m, "b", opt); !errors.Is(err, context.Canceled) {
		t.Errorf("answered %v", err)
	}
}

func TestRateIsKept(t *testing.T) {
	t.Parallel()
	s := newSender(t, 1000, nil)
	m := s.manifest(t, 0)
	opt := fetchOptions(t, vfs.NewMem())
	opt.BytesPerSecond = snapshot.Size(m) * 4
	began := time.Now()
	must(t, snapshot.Fetch(context.Background(), &remote{keeper: s.keeper}, m, "b", opt))
	if took := time.Since(began); took < 240*time.Millisecond {
		t.Errorf("it took %v, at four times its size a second", took)
	}
}

func TestFullDiskIsSaidBefore(t *testing.T) {
	t.Parallel()
	s := newSender(t, 100, nil)
	m := s.manifest(t, 0)
	fs := vfs.NewMem()
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: snapshot.Size(m) + 99, TotalBytes: 1 << 40})
	opt := fetchOptions(t, fs)
	opt.KeepFree = 100
	r := &remote{keeper: s.keeper}
	if err := snapshot.Fetch(context.Background(), r, m, "b", opt); err == nil || !strings.Contains(err.Error(), "free some space") || r.bytes > 0 {
		t.Errorf("%d bytes were sent: %v", r.bytes, err)
	}
	opt.KeepFree = 99
	must(t, snapshot.Fetch(context.Background(), r, m, "b", opt))
}

func TestBadManifestsAreRefused(t *testing.T) {
	t.Parallel()
	s := newSender(t, 20, nil)
	good := s.manifest(t, 0)
	name := func(name string) func(*pb.SnapshotManifest) {
		return func(m *pb.SnapshotManifest) { m.Files[0].Name = name }
	}
	for what, spoil := range map[string]func(*pb.SnapshotManifest){
		"parent":            name("../000001.sst"),
		"path":              name("a/b"),
		"absolute":          name("/etc/passwd"),
		"backslash":         name(`a\b`),
		"dots":              name(".."),
		"hidden":            name(".bashrc"),
		"no name":           name(""),
		"lock":              name("LOCK"),
		"zero byte":         name("a\x00"),
		"newline":           name("a\n"),
		"long":              name(strings.Repeat("a", 201)),
		"twice":             name(good.Files[1].Name),
		"no hash":           func(m *pb.SnapshotManifest) { m.Files[0].Sha256 = nil },
		"huge file":         func(m *pb.SnapshotManifest) { m.Files[0].Size = 1 << 60 },
		"sizes overflow":    func(m *pb.SnapshotManifest) { m.Files[0].Size, m.Files[1].Size = 1<<50, 1<<50 },
		"no files":          func(m *pb.SnapshotManifest) { m.Files = nil },
		"no index":          func(m *pb.SnapshotManifest) { m.Index = 0 },
		"no term":           func(m *pb.SnapshotManifest) { m.Term = 0 },
		"no members":        func(m *pb.SnapshotManifest) { m.Members = nil },
		"later members":     func(m *pb.SnapshotManifest) { m.Members.Index = m.Index + 1 },
		"no voters":         func(m *pb.SnapshotManifest) { m.Conf = nil },
		"conf is not a one": func(m *pb.SnapshotManifest) { m.Conf = []byte{0xff} },
	} {
		m := proto.Clone(good).(*pb.SnapshotManifest)
		spoil(m)
		fs := vfs.NewMem()
		r := &remote{keeper: s.keeper}
		err := snapshot.Fetch(context.Background(), r, m, "b", fetchOptions(t, fs))
		if !errors.Is(err, snapshot.ErrManifest) || r.bytes > 0 {
			t.Errorf("%s: %d bytes were sent, %v", what, r.bytes, err)
		}
		if _, err := fs.Stat("b"); err == nil {
			t.Errorf("%s: something was written", what)
		}
	}
	if err := snapshot.Fetch(context.Background(), nil, nil, "b", fetchOptions(t, vfs.NewMem())); !errors.Is(err, snapshot.ErrManifest) {
		t.Errorf("no manifest: %v", err)
	}
}
