package raftlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The file "heard" holds what the other members of the cluster were heard to
// have on disk, so that one of them that comes back with an older disk is told:
//
//	+---------+-----------------+--------------------+---------+
//	| "hfh1"  | incarnation, BE | pb.Heard           | CRC32C  |
//	| 4 bytes | 8 bytes         | the rest           | 4 bytes |
//	+---------+-----------------+--------------------+---------+
//
// It is replaced whole, at most once a second. Losing it loses a safeguard of
// the others, nothing of this node's own.
const (
	heardName  = "heard"
	heardMagic = "hfh1"
	heardMax   = 1 << 20
)

func (l *Log) heardPath() string { return l.fs.PathJoin(l.dir, heardName) }

// SaveHeard replaces the file "heard" and makes it durable.
func (l *Log) SaveHeard(h *pb.Heard) error {
	body, err := h.MarshalVT()
	if err != nil {
		return err
	}
	b := binary.BigEndian.AppendUint64([]byte(heardMagic), l.id.Incarnation)
	b = append(b, body...)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	if err := replaceFile(l.fs, l.heardPath(), b); err != nil {
		return fmt.Errorf("rewrite %s: %w", l.heardPath(), err)
	}
	return nil
}

// Heard reads the file "heard": nil when there is none, or when it is damaged
// or belongs to another folder, which is logged.
func (l *Log) Heard() *pb.Heard {
	h, err := l.readHeard()
	if err != nil {
		l.opt.Logger.Warn("what other nodes were heard to have is lost and will be heard again", "file", l.heardPath(), "err", err)
		return nil
	}
	return h
}

func (l *Log) readHeard() (*pb.Heard, error) {
	f, err := l.fs.Open(l.heardPath())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, heardMax))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	n := len(b) - 4
	if n < 12 || string(b[:4]) != heardMagic || binary.BigEndian.Uint32(b[n:]) != crc32.Checksum(b[:n], castagnoli) {
		return nil, errAckedDamaged
	}
	if got := binary.BigEndian.Uint64(b[4:]); got != l.id.Incarnation {
		return nil, fmt.Errorf("it belongs to another folder (incarnation %016x)", got)
	}
	h := new(pb.Heard)
	return h, h.UnmarshalVT(b[12:n])
}

// replaceFile writes a file aside, syncs it and renames it into place.
func replaceFile(fs vfs.FS, path string, content []byte) error {
	tmp := path + ".tmp"
	f, err := fs.Create(tmp, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return fs.Rename(tmp, path)
}
