package simdisk

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// disk is one life's file system: memory that remembers what was synced, under
// faults that are armed from outside.
type disk struct {
	mem *vfs.MemFS
	vfs.FS

	mu       sync.Mutex
	syncIn   int  // the how-manieth sync from now fails once; -1 none
	writeIn  int  // likewise a write to a write-ahead log
	cutIn    int  // the power goes before the how-manieth change from now
	injected bool // a sync or write has failed
	full     bool // table files find no room
	slow     int  // so many operations take their time
	astray   string
	ignore   bool // IgnoreSyncError
	after    *vfs.MemFS
	rng      *rand.Rand
	percent  int    // of what is not synced survives a cut
	power    func() // called at a cut; does not return
}

const plenty = 64 << 30

func newDisk(mem *vfs.MemFS, variant Variant) *disk {
	d := &disk{mem: mem, syncIn: -1, writeIn: -1, cutIn: -1, ignore: variant == IgnoreSyncError}
	d.FS = errorfs.Wrap(mem, d)
	d.room(true)
	return d
}

// room sets whether there is space.
func (d *disk) room(enough bool) {
	u := vfs.DiskUsage{AvailBytes: plenty, TotalBytes: 2 * plenty, UsedBytes: plenty}
	if !enough {
		u.AvailBytes = 1 << 20
	}
	d.mem.TestingSetDiskUsage(u)
	d.set(func() { d.full = !enough })
}

func (d *disk) set(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// calm disarms all faults.
func (d *disk) calm() {
	d.set(func() { d.syncIn, d.writeIn, d.cutIn, d.slow, d.astray, d.full = -1, -1, -1, 0, "", false })
}

// String implements errorfs.Injector.
func (d *disk) String() string { return "armed faults" }

var syncs = map[errorfs.OpKind]bool{errorfs.OpFileSync: true, errorfs.OpFileSyncData: true}

// MaybeError implements errorfs.Injector.
func (d *disk) MaybeError(op errorfs.Op) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.slow > 0 {
		d.slow--
		time.Sleep(100 * time.Microsecond)
	}
	if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && due(&d.cutIn) {
		d.after = d.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: d.percent, RNG: d.rng})
		d.mu.Unlock()
		d.power()
	}
	switch {
	case syncs[op.Kind] && due(&d.syncIn), op.Kind == errorfs.OpFileWrite && strings.HasSuffix(op.Path, ".log") && due(&d.writeIn):
		d.injected = true
		return syscall.EIO
	case d.full && op.Kind == errorfs.OpFileWrite && strings.HasSuffix(op.Path, ".sst"):
		return syscall.ENOSPC
	}
	return nil
}

// due counts down and says when it is time, once.
func due(left *int) bool {
	if *left < 0 {
		return false
	}
	*left--
	return *left < 0
}

// Open implements vfs.FS.
func (d *disk) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := d.FS.Open(name, opts...)
	if err != nil {
		return nil, err
	}
	return &file{f, d, name}, nil
}

// Create implements vfs.FS.
func (d *disk) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.Create(name, category)
	if err != nil {
		return nil, err
	}
	return &file{f, d, name}, nil
}

// ReuseForWrite implements vfs.FS.
func (d *disk) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.ReuseForWrite(oldname, newname, category)
	if err != nil {
		return nil, err
	}
	return &file{f, d, newname}, nil
}

// file answers reads from the wrong place while it is armed.
type file struct {
	vfs.File
	disk *disk
	name string
}

const blockSize = 4096

// ReadAt implements vfs.File: a block further on when the read goes astray.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	var astray bool
	f.disk.set(func() { astray = f.disk.astray != "" && strings.HasSuffix(f.name, f.disk.astray) })
	if astray {
		if n, err := f.File.ReadAt(p, off+blockSize); err == nil {
			return n, nil
		}
		return f.File.ReadAt(p, max(off-blockSize, 0))
	}
	return f.File.ReadAt(p, off)
}

func (f *file) forgive(err error) error {
	if f.disk.ignore {
		return nil
	}
	return err
}

// Sync implements vfs.File.
func (f *file) Sync() error { return f.forgive(f.File.Sync()) }

// SyncData implements vfs.File.
func (f *file) SyncData() error { return f.forgive(f.File.SyncData()) }

// flip flips a bit of a file in place and returns how to undo it. A running store
// may meanwhile append to the file, which moves its content in memory, or replace
// it, and the bit is gone.
func (d *disk) flip(name string, at int, bit byte) (undo func(), err error) {
	b, err := d.mem.UnsafeGetFileDataBuffer(name)
	if err != nil {
		return nil, err
	}
	if at >= len(b) {
		return nil, fmt.Errorf("%s has no byte %d", name, at)
	}
	b[at] ^= bit
	flipped := bytes.Clone(b)
	return func() {
		if now, err := d.mem.UnsafeGetFileDataBuffer(name); err == nil && bytes.HasPrefix(now, flipped) {
			now[at] ^= bit
		}
	}, nil
}
