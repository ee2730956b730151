package raftlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The file "acked" is 24 bytes:
//
//	+---------+-----------+-----------------+---------+
//	| "hfa1"  | index, BE | incarnation, BE | CRC32C  |
//	| 4 bytes | 8 bytes   | 8 bytes         | 4 bytes |
//	+---------+-----------+-----------------+---------+
//
// It is replaced whole (written aside, synced, renamed), so what is found is
// always something that was written, and never more than was acknowledged.
const (
	ackedName  = "acked"
	ackedMagic = "hfa1"
	ackedSize  = 24
)

var errAckedDamaged = errors.New("it is not what was written")

// acked keeps the newest acknowledged index on disk. note is for the hot path;
// a goroutine does the writing.
type acked struct {
	fs          vfs.FS
	dir         string
	incarnation uint64
	every       time.Duration
	log         *slog.Logger

	noted   atomic.Uint64
	written uint64 // by the goroutine
	kick    chan struct{}
	stop    chan struct{}
	stopped chan struct{}
}

func (a *acked) path() string { return a.fs.PathJoin(a.dir, ackedName) }

// readAcked reads the file; ok is false when there is none.
func readAcked(fs vfs.FS, dir string, incarnation uint64) (index uint64, ok bool, err error) {
	path := fs.PathJoin(dir, ackedName)
	f, err := fs.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("open %s: %w", path, err)
	}
	b, err := io.ReadAll(io.LimitReader(f, ackedSize+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, false, fmt.Errorf("read %s: %w", path, err)
	}
	if len(b) != ackedSize || string(b[:4]) != ackedMagic ||
		binary.BigEndian.Uint32(b[20:]) != crc32.Checksum(b[:20], castagnoli) {
		return 0, false, &StartError{Path: path, Text: fmt.Sprintf(
			"%s is damaged: %v; put it back from a copy, or restore the folder from a backup", path, errAckedDamaged)}
	}
	if got := binary.BigEndian.Uint64(b[12:]); got != incarnation {
		return 0, false, &StartError{Path: path, Text: fmt.Sprintf(
			"%s belongs to another folder (incarnation %016x, this one is %016x): put back the file that belongs here",
			path, got, incarnation)}
	}
	return binary.BigEndian.Uint64(b[4:]), true, nil
}

// write replaces the file.
func (a *acked) write(index uint64) error {
	b := binary.BigEndian.AppendUint64([]byte(ackedMagic), index)
	b = binary.BigEndian.AppendUint64(b, a.incarnation)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return replaceFile(a.fs, a.path(), b)
}

// syncDir makes the newest rename durable.
func (a *acked) syncDir() error {
	d, err := a.fs.OpenDir(a.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// note raises the acknowledged index.
func (a *acked) note(index uint64) {
	for {
		old := a.noted.Load()
		if index <= old {
			return
		}
		if a.noted.CompareAndSwap(old, index) {
			break
		}
	}
	select {
	case a.kick <- struct{}{}:
	default: // the goroutine will see it
	}
}

func (a *acked) start() {
	a.kick = make(chan struct{}, 1)
	a.stop = make(chan struct{})
	a.stopped = make(chan struct{})
	go a.run()
}

// run rewrites the file when there is something new, then rests.
func (a *acked) run() {
	defer close(a.stopped)
	rest := time.NewTimer(a.every)
	defer rest.Stop()
	failing := false
	for {
		select {
		case <-a.stop:
			return
		case <-a.kick:
		}
		if index := a.noted.Load(); index > a.written {
			err := a.write(index)
			if err == nil {
				a.written = index
			} else if !failing {
				// An older index on disk is still true; only less is noticed after a crash.
				a.log.Error("the file acked cannot be rewritten", "file", a.path(), "err", err)
			}
			if failing = err != nil; failing {
				a.retry()
			}
		}
		rest.Reset(a.every)
		select {
		case <-a.stop:
			return
		case <-rest.C:
		}
	}
}

// retry asks for another turn of the loop.
func (a *acked) retry() {
	select {
	case a.kick <- struct{}{}:
	default:
	}
}

// close ends the goroutine and writes the last index for good.
func (a *acked) close() error {
	if a.stop == nil {
		return nil
	}
	close(a.stop)
	<-a.stopped
	if index := a.noted.Load(); index > a.written {
		if err := a.write(index); err != nil {
			return fmt.Errorf("rewrite %s: %w", a.path(), err)
		}
		a.written = index
	}
	return a.syncDir()
}
