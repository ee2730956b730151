// Package diskguard stands between the stores and the disk.
//
//   - Wrap ends the process on the first failing sync. After a failed fsync
//     nobody knows what is on the disk, a second one may succeed without having
//     written anything, and Pebble would retry a failed flush for ever.
//   - Space says when the disk is nearly full, so that writes are refused while
//     there is still room to finish what was accepted (space.go).
//   - Deadline ends the process when one operation hangs (deadline.go).
//   - Logger, Listener and Check serve the packages that keep a Pebble store
//     (pebble.go, check.go).
package diskguard

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ExitStatus is the process's exit status after a fault of the disk.
const ExitStatus = 71

// Exit is the default reaction to a fault of the disk: it logs the error and
// ends the process with ExitStatus, without flushing or closing anything. Whoever
// reads the log may have stopped reading: that must not keep the process alive.
func Exit(err error) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		slog.Error("disk fault: the process ends so that nothing is acknowledged that may not be stored", "err", err)
	}()
	select {
	case <-said:
	case <-time.After(sayWithin):
	}
	os.Exit(ExitStatus)
}

// sayWithin bounds how long the reason of an end may hold it up.
const sayWithin = 500 * time.Millisecond

// Wrap returns fs with every failing sync of a file or directory handed to
// fatal before the caller sees the error. So is a write-ahead log (*.log) that
// cannot be made or written: Pebble panics on some of these faults, and none
// leaves a log that could go on. fatal is not expected to return
// outside tests; nil means Exit. Everything else passes through unchanged,
// including file descriptors, preallocation and prefetching, so the wrapper
// costs one indirection.
func Wrap(fs vfs.FS, fatal func(error)) vfs.FS {
	if fatal == nil {
		fatal = Exit
	}
	return &guardFS{inner: fs, fatal: fatal}
}

// guardFS spells out every method of vfs.FS, rather than embedding one, so that
// a method which a later Pebble adds stops the build instead of slipping by.
type guardFS struct {
	inner vfs.FS
	fatal func(error)
}

var _ vfs.FS = (*guardFS)(nil)

func (g *guardFS) guard(name string, f vfs.File, err error) (vfs.File, error) {
	if err != nil || f == nil {
		return nil, err
	}
	return &guardFile{inner: f, name: name, wal: isWAL(name), fatal: g.fatal}, nil
}

func (g *guardFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := g.inner.Create(name, category)
	g.made(name, err)
	return g.guard(name, f, err)
}

// made reports a write-ahead log that could not be made.
func (g *guardFS) made(name string, err error) {
	if err != nil && isWAL(name) {
		g.fatal(fmt.Errorf("make %s: %w: free some space, or mend the disk, and start again", name, err))
	}
}

func isWAL(name string) bool { return strings.HasSuffix(name, ".log") }

func (g *guardFS) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := g.inner.Open(name, opts...)
	return g.guard(name, f, err)
}

func (g *guardFS) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := g.inner.OpenReadWrite(name, category, opts...)
	return g.guard(name, f, err)
}

func (g *guardFS) OpenDir(name string) (vfs.File, error) {
	f, err := g.inner.OpenDir(name)
	return g.guard(name, f, err)
}

func (g *guardFS) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := g.inner.ReuseForWrite(oldname, newname, category)
	g.made(newname, err)
	return g.guard(newname, f, err)
}

func (g *guardFS) Link(oldname, newname string) error   { return g.inner.Link(oldname, newname) }
func (g *guardFS) Remove(name string) error             { return g.inner.Remove(name) }
func (g *guardFS) RemoveAll(name string) error          { return g.inner.RemoveAll(name) }
func (g *guardFS) Rename(oldname, newname string) error { return g.inner.Rename(oldname, newname) }

func (g *guardFS) MkdirAll(dir string, perm os.FileMode) error { return g.inner.MkdirAll(dir, perm) }
func (g *guardFS) Lock(name string) (io.Closer, error)         { return g.inner.Lock(name) }
func (g *guardFS) List(dir string) ([]string, error)           { return g.inner.List(dir) }
func (g *guardFS) Stat(name string) (vfs.FileInfo, error)      { return g.inner.Stat(name) }
func (g *guardFS) PathBase(path string) string                 { return g.inner.PathBase(path) }
func (g *guardFS) PathJoin(elem ...string) string              { return g.inner.PathJoin(elem...) }
func (g *guardFS) PathDir(path string) string                  { return g.inner.PathDir(path) }
func (g *guardFS) Unwrap() vfs.FS                              { return g.inner }

func (g *guardFS) GetDiskUsage(path string) (vfs.DiskUsage, error) {
	return g.inner.GetDiskUsage(path)
}

// guardFile is an open file or directory.
type guardFile struct {
	inner vfs.File
	name  string
	wal   bool
	fatal func(error)
}

var _ vfs.File = (*guardFile)(nil)

// synced reports a failed sync before anyone can act on it.
func (f *guardFile) synced(err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("sync %s: %w", f.name, err)
	f.fatal(err)
	return err
}

func (f *guardFile) Sync() error     { return f.synced(f.inner.Sync()) }
func (f *guardFile) SyncData() error { return f.synced(f.inner.SyncData()) }

func (f *guardFile) SyncTo(length int64) (bool, error) {
	full, err := f.inner.SyncTo(length)
	return full, f.synced(err)
}

func (f *guardFile) Write(p []byte) (int, error) {
	n, err := f.inner.Write(p)
	if err != nil && f.wal {
		f.fatal(fmt.Errorf("write %s: %w: free some space, or mend the disk, and start again", f.name, err))
	}
	return n, err
}

func (f *guardFile) Close() error                             { return f.inner.Close() }
func (f *guardFile) Read(p []byte) (int, error)               { return f.inner.Read(p) }
func (f *guardFile) ReadAt(p []byte, off int64) (int, error)  { return f.inner.ReadAt(p, off) }
func (f *guardFile) WriteAt(p []byte, off int64) (int, error) { return f.inner.WriteAt(p, off) }
func (f *guardFile) Preallocate(offset, length int64) error {
	return f.inner.Preallocate(offset, length)
}
func (f *guardFile) Prefetch(offset, length int64) error { return f.inner.Prefetch(offset, length) }
func (f *guardFile) Stat() (vfs.FileInfo, error)         { return f.inner.Stat() }
func (f *guardFile) Fd() uintptr                         { return f.inner.Fd() }
