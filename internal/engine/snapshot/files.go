package snapshot

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"regexp"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Bounds of a manifest.
const (
	maxFiles = 1 << 20
	maxBytes = 1 << 50
)

// plain is what a file of a copy may be called: no path, nothing hidden.
var plain = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`)

const (
	partSuffix = ".part"
	lockName   = "LOCK" // Pebble's; it says nothing and is made anew
)

// check refuses a manifest that no keeper makes; it may come from anywhere.
func check(m *pb.SnapshotManifest) error {
	switch {
	case m.GetIndex() == 0 || m.Term == 0 || m.Members == nil:
		return fmt.Errorf("%w: it has no index, term or members", ErrManifest)
	case m.Members.Index > m.Index:
		return fmt.Errorf("%w: its members are of a later index", ErrManifest)
	case len(m.Files) == 0 || len(m.Files) > maxFiles:
		return fmt.Errorf("%w: it lists %d files", ErrManifest, len(m.Files))
	}
	if cs, err := confOf(m); err != nil || len(cs.GetVoters()) == 0 {
		return fmt.Errorf("%w: it names no voters", ErrManifest)
	}
	seen := make(map[string]bool, len(m.Files))
	var total uint64
	for _, f := range m.Files {
		switch {
		case !plain.MatchString(f.Name) || f.Name == lockName || seen[f.Name]:
			return fmt.Errorf("%w: %q is no name of a file in it", ErrManifest, f.Name)
		case len(f.Sha256) != sha256.Size || f.Size > maxBytes:
			return fmt.Errorf("%w: %s has no hash, or too many bytes", ErrManifest, f.Name)
		}
		seen[f.Name] = true
		if total += f.Size; total > maxBytes {
			return fmt.Errorf("%w: it has too many bytes", ErrManifest)
		}
	}
	return nil
}

func confOf(m *pb.SnapshotManifest) (*raftpb.ConfState, error) {
	cs := new(raftpb.ConfState)
	return cs, proto.Unmarshal(m.Conf, cs)
}

// Size is how many bytes the files of a manifest have.
func Size(m *pb.SnapshotManifest) (bytes uint64) {
	for _, f := range m.GetFiles() {
		bytes += f.Size
	}
	return bytes
}

// hashFile reads the first size bytes of a file into a new hash, all when size
// is negative, and returns how many there were.
func hashFile(disk vfs.FS, path string, size int64) (h hash.Hash, n uint64, err error) {
	f, err := disk.Open(path, vfs.SequentialReadsOption)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h = sha256.New()
	var r io.Reader = f
	if size >= 0 {
		r = io.LimitReader(f, size)
	}
	read, err := io.CopyBuffer(h, r, make([]byte, 256<<10))
	return h, uint64(read), err
}

// matches says whether the file at path is the one the manifest names; why says
// what is wrong, for people.
func matches(disk vfs.FS, path string, want *pb.SnapshotFile) (why string, err error) {
	info, err := disk.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "is missing", nil
	}
	if err != nil {
		return "", err
	}
	if uint64(info.Size()) != want.Size {
		return fmt.Sprintf("has %d bytes instead of %d", info.Size(), want.Size), nil
	}
	h, _, err := hashFile(disk, path, -1)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	if !bytes.Equal(h.Sum(nil), want.Sha256) {
		return "has another content than its manifest says", nil
	}
	return "", nil
}

func exists(disk vfs.FS, path string) (bool, error) {
	_, err := disk.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// syncDir makes what was made, renamed and removed in dir durable.
func syncDir(disk vfs.FS, dir string) error {
	d, err := disk.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// remove removes a file durably; one that is not there is fine.
func remove(disk vfs.FS, path string) error {
	if err := disk.Remove(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return syncDir(disk, disk.PathDir(path))
}
