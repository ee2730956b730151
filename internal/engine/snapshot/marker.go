package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Names below the data folder.
const (
	fetchDir    = "snapshot"
	filesDir    = "files"
	readyName   = "ready"
	refusedName = "refused" // a marker that was found wanting; see giveUp
	stateDir    = "state"
	oldDir      = "state.old"
	viewsDir    = "views"
)

// The marker says that all files of a snapshot are here:
//
//	+---------+-------+------------------+---------+
//	| "hfs1"  | flags | SnapshotManifest | CRC32C  |
//	| 4 bytes | 1     | protobuf         | 4, BE   |
//	+---------+-------+------------------+---------+
const markerMagic = "hfs1"

// flagViews: what was built from the state that is replaced goes as well.
const flagViews = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type marker struct {
	manifest  *pb.SnapshotManifest
	dropViews bool
}

func (m marker) encode() ([]byte, error) {
	body, err := m.manifest.MarshalVT()
	if err != nil {
		return nil, err
	}
	b := append([]byte(markerMagic), 0)
	if m.dropViews {
		b[4] |= flagViews
	}
	b = append(b, body...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)), nil
}

var errMarker = errors.New("is damaged")

func decodeMarker(b []byte) (m marker, err error) {
	n := len(b) - 4
	if n < 5 || string(b[:4]) != markerMagic || crc32.Checksum(b[:n], castagnoli) != binary.BigEndian.Uint32(b[n:]) || b[4]&^flagViews != 0 {
		return marker{}, errMarker
	}
	m = marker{manifest: new(pb.SnapshotManifest), dropViews: b[4]&flagViews != 0}
	if err := m.manifest.UnmarshalVT(b[5:n]); err != nil {
		return marker{}, errMarker
	}
	if err := check(m.manifest); err != nil {
		return marker{}, fmt.Errorf("is damaged: %w", err)
	}
	return m, nil
}

// write puts the marker there at once or not at all.
func (m marker) write(disk vfs.FS, dir string) error {
	b, err := m.encode()
	if err != nil {
		return err
	}
	path := disk.PathJoin(dir, readyName)
	f, err := disk.Create(path+".tmp", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := disk.Rename(path+".tmp", path); err != nil {
		return err
	}
	return syncDir(disk, dir)
}

// readMarker reads the marker; ok is false when there is none. A damaged one is
// a *HalfError.
func readMarker(disk vfs.FS, dir string) (m marker, ok bool, err error) {
	path := disk.PathJoin(dir, readyName)
	f, err := disk.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return marker{}, false, nil
	}
	if err != nil {
		return marker{}, false, err
	}
	b, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return marker{}, false, fmt.Errorf("read %s: %w", path, err)
	}
	if m, err = decodeMarker(b); err != nil {
		return marker{}, true, &HalfError{path, err.Error()}
	}
	return m, true, nil
}
