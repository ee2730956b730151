package snapshot

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Source is the state that is copied; *store.Store is one.
type Source interface {
	// Checkpoint writes a copy of what is committed into dir, which is not there.
	Checkpoint(dir string) error
}

// MakeOptions says how a copy is made.
type MakeOptions struct {
	// FS is where the source and the copy live; nil is the local disk.
	FS vfs.FS
	// Fatal ends the process after a fault of the disk; nil is diskguard.Exit.
	Fatal func(error)
	// Logger hears what the copy's store reports; nil is slog.Default.
	Logger *slog.Logger
	// From is this node's raft id.
	From uint64
	// Conf answers the members as last recorded by the log: those of every change
	// that the state has applied, perhaps of a later one (raftlog.Log.Conf).
	Conf func() (*raftpb.ConfState, *pb.Members)
}

func (o MakeOptions) withDefaults() MakeOptions {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// errMembers says that the members changed after the copy's index.
var errMembers = errors.New("the members have just changed")

// Make copies source into dir, which must not be there, proves the copy by
// reading every block of it, and describes it. What the copy holds is read from
// the copy itself. A damaged source answers an error that names the file:
// damage is not handed on.
func Make(source Source, dir string, opt MakeOptions) (*pb.SnapshotManifest, error) {
	opt = opt.withDefaults()
	if err := source.Checkpoint(dir); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	m := &pb.SnapshotManifest{From: opt.From}
	if err := opt.prove(dir, m); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	// Asked after the copy was made, so that no change up to its index is missed.
	cs, members := opt.Conf()
	if cs == nil || members == nil {
		return nil, errors.New("snapshot: the log names no members")
	}
	if members.Index > m.Index {
		return nil, fmt.Errorf("snapshot at %d: %w, at %d", m.Index, errMembers, members.Index)
	}
	var err error
	if m.Conf, err = proto.Marshal(cs); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	m.Members = members
	if m.Files, err = describe(opt.FS, dir); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return m, nil
}

// prove opens the copy for looking, reads its position, and checks its files.
func (o MakeOptions) prove(dir string, m *pb.SnapshotManifest) (err error) {
	s, err := store.Open(dir, store.Options{FS: o.FS, Fatal: o.Fatal, Logger: o.Logger,
		MemTableBytes: 1 << 20, CacheBytes: 1 << 20, ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Abandon()) }()
	head, ok, err := s.DurableHead()
	if err != nil {
		return err
	}
	if !ok {
		return errors.New("the state is empty")
	}
	m.Index, m.Term = head.AppliedIndex, head.AppliedTerm
	var damage error
	err = s.VerifyFiles(func(err error) bool {
		damage = err
		return false
	})
	// A crash may leave the MANIFEST's last record torn; a copy's is not.
	return errors.Join(err, damage)
}

// describe lists the files of a copy, in the order of their names.
func describe(disk vfs.FS, dir string) ([]*pb.SnapshotFile, error) {
	names, err := disk.List(dir)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var files []*pb.SnapshotFile
	for _, name := range names {
		if name == lockName {
			continue
		}
		path := disk.PathJoin(dir, name)
		h, n, err := hashFile(disk, path, -1)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		files = append(files, &pb.SnapshotFile{Name: name, Size: n, Sha256: h.Sum(nil)})
	}
	return files, nil
}

// removeAll removes a folder; one that is not there is fine.
func removeAll(disk vfs.FS, dir string) error {
	there, err := exists(disk, dir)
	if err != nil || !there {
		return err
	}
	return disk.RemoveAll(dir)
}
