package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Log is the raft log as Install needs it; *raftlog.Log is one.
type Log interface {
	Identity() identity.Identity
	Term(index uint64) (uint64, error)
	Conf() (*raftpb.ConfState, *pb.Members)
	SetConf(cs *raftpb.ConfState, members *pb.Members) error
	Install(index, term uint64, cs *raftpb.ConfState, members *pb.Members) error
	Close() error
}

// InstallOptions says how a snapshot is put into place.
type InstallOptions struct {
	// Store is how the state is opened; its FS is where the data folder lives.
	Store store.Options
	// OpenLog opens the raft log of the folder, and makes it (with the identity
	// the node has drawn) when there is none. Install closes it.
	OpenLog func() (Log, error)
	// Step is called with the name of each step before it is done; for tests.
	Step func(name string)
}

// Install puts the snapshot that Fetch has left in dataDir into place. Call it
// at every start, before a store of the folder is open. It returns the
// manifest of what it installed, nil when there was nothing to install, and a
// *HalfError when what is there is not whole: then the folder is as it was
// before, and the snapshot is to be fetched again.
//
// A log that holds the snapshot's last entry already is kept: what follows that
// entry was acknowledged to the leader and must not be forgotten.
func Install(dataDir string, opt InstallOptions) (*pb.SnapshotManifest, error) {
	if opt.Store.FS == nil {
		opt.Store.FS = vfs.Default
	}
	if opt.Store.Logger == nil {
		opt.Store.Logger = slog.Default()
	}
	if opt.Step == nil {
		opt.Step = func(string) {}
	}
	disk := diskguard.Wrap(opt.Store.FS, opt.Store.Fatal)
	i := &install{
		opt: opt, disk: disk, dir: dataDir,
		fetched: disk.PathJoin(dataDir, fetchDir), files: disk.PathJoin(dataDir, fetchDir, filesDir),
		state: disk.PathJoin(dataDir, stateDir), old: disk.PathJoin(dataDir, oldDir),
	}
	m, err := i.run()
	if err != nil {
		return nil, fmt.Errorf("install a snapshot in %s: %w", dataDir, err)
	}
	return m, nil
}

type install struct {
	opt                        InstallOptions
	disk                       vfs.FS
	dir                        string
	fetched, files, state, old string
	m                          *pb.SnapshotManifest
	dropViews                  bool
}

func (i *install) run() (*pb.SnapshotManifest, error) {
	if err := i.finishRefusal(); err != nil {
		return nil, err
	}
	mk, ok, err := readMarker(i.disk, i.fetched)
	if err == nil && !ok {
		return nil, i.cleanUp()
	}
	i.m, i.dropViews = mk.manifest, mk.dropViews
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"check", i.check},
		{"put the old state aside", i.putAside},
		{"put the copy into place", i.putIntoPlace},
		{"adopt the copy", i.adopt},
		{"remove the views", i.removeViews},
		{"let the log go on", i.letLogGoOn},
		{"remove the marker", i.removeMarker},
		{"clean up", i.cleanUp},
	} {
		if err != nil {
			break
		}
		i.opt.Step(step.name)
		err = step.do()
	}
	var half *HalfError
	if errors.As(err, &half) {
		i.opt.Store.Logger.Error("snapshot refused", "err", half)
		i.opt.Step("give up")
		return nil, errors.Join(err, i.giveUp())
	}
	if err != nil {
		return nil, err
	}
	i.opt.Store.Logger.Info("snapshot installed", "index", i.m.Index, "term", i.m.Term, "bytes", Size(i.m))
	return i.m, nil
}

// check compares what was fetched with the manifest once more: days may lie
// between. When the files are in place already, adopt checks them instead.
func (i *install) check() error {
	there, err := exists(i.disk, i.files)
	if err != nil || !there {
		return err
	}
	for _, f := range i.m.Files {
		path := i.disk.PathJoin(i.files, f.Name)
		why, err := matches(i.disk, path, f)
		if err != nil {
			return err
		}
		if why != "" {
			return &HalfError{path, why}
		}
	}
	names, err := i.disk.List(i.files)
	if err != nil {
		return err
	}
	if len(names) != len(i.m.Files) {
		return &HalfError{i.files, fmt.Sprintf("has %d files instead of %d", len(names), len(i.m.Files))}
	}
	return nil
}

// putAside renames the present state, unless that is the copy already.
func (i *install) putAside() error {
	files, err := exists(i.disk, i.files)
	if err != nil || !files {
		return err
	}
	there, err := exists(i.disk, i.state)
	if err != nil || !there {
		return err
	}
	if err := removeAll(i.disk, i.old); err != nil {
		return err
	}
	if err := i.disk.Rename(i.state, i.old); err != nil {
		return err
	}
	return syncDir(i.disk, i.dir)
}

func (i *install) putIntoPlace() error {
	files, err := exists(i.disk, i.files)
	if err != nil || !files {
		return err
	}
	if err := i.disk.Rename(i.files, i.state); err != nil {
		return err
	}
	// Where it went before where it came from: it is never nowhere.
	return errors.Join(syncDir(i.disk, i.dir), syncDir(i.disk, i.fetched))
}

// adopt opens the copy, makes sure it is the one, and gives it this node's
// identity.
func (i *install) adopt() error {
	there, err := exists(i.disk, i.state)
	if err != nil {
		return err
	}
	if !there {
		return &HalfError{i.files, "is missing"}
	}
	log, err := i.opt.OpenLog()
	if err != nil {
		return err
	}
	id := log.Identity()
	if err := log.Close(); err != nil {
		return err
	}
	s, err := store.Open(i.state, i.opt.Store)
	if diskguard.Corrupt(err) || errors.Is(err, fs.ErrNotExist) {
		return &HalfError{i.state, "cannot be opened: " + err.Error()}
	}
	if err != nil {
		return err
	}
	if err := errors.Join(i.adoptAs(s, id), s.Close()); err != nil {
		return err
	}
	return syncDir(i.disk, i.state)
}

func (i *install) adoptAs(s *store.Store, id identity.Identity) error {
	head, _, err := s.DurableHead()
	if err != nil {
		return &HalfError{i.state, "cannot be read: " + err.Error()}
	}
	if head.GetAppliedIndex() != i.m.Index || head.GetAppliedTerm() != i.m.Term {
		return &HalfError{i.state, fmt.Sprintf("is as of index %d, term %d; its manifest says %d, term %d",
			head.GetAppliedIndex(), head.GetAppliedTerm(), i.m.Index, i.m.Term)}
	}
	return s.Adopt(id)
}

// letLogGoOn makes the log continue after the copy.
func (i *install) letLogGoOn() (err error) {
	cs, err := confOf(i.m)
	if err != nil {
		return err
	}
	log, err := i.opt.OpenLog()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	term, err := log.Term(i.m.Index)
	switch {
	case errors.Is(err, raft.ErrCompacted):
		return &HalfError{i.state, fmt.Sprintf("is as of index %d, before the log begins", i.m.Index)}
	case err != nil && !errors.Is(err, raft.ErrUnavailable):
		return err
	case err == nil && term == i.m.Term:
		// The copy may know of members that this node's own state had not come to.
		if _, known := log.Conf(); known == nil || known.Index < i.m.Members.Index {
			return log.SetConf(cs, i.m.Members)
		}
		return nil
	}
	return log.Install(i.m.Index, i.m.Term, cs, i.m.Members)
}

func (i *install) removeViews() error {
	if !i.dropViews {
		return nil
	}
	return removeAll(i.disk, i.disk.PathJoin(i.dir, viewsDir))
}

func (i *install) removeMarker() error {
	return remove(i.disk, i.disk.PathJoin(i.fetched, readyName))
}

// cleanUp removes what an installation leaves: the old state once there is a new
// one, and the folder that was fetched into unless a fetch is to go on there.
func (i *install) cleanUp() error {
	there, err := exists(i.disk, i.state)
	if err != nil {
		return err
	}
	if there {
		if err := removeAll(i.disk, i.old); err != nil {
			return err
		}
	}
	if there, err = exists(i.disk, i.files); err != nil || there {
		return err
	}
	return removeAll(i.disk, i.fetched)
}
