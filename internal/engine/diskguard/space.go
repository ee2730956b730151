package diskguard

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Defaults of SpaceOptions.
const (
	DefaultMinFree    uint64 = 2 << 30
	DefaultMinPercent uint64 = 5
	DefaultSpaceEvery        = time.Second
)

// SpaceOptions sets when a disk counts as nearly full. Zero fields take the
// defaults above; small machines and tests set their own.
type SpaceOptions struct {
	// MinFree and MinPercent: the disk is low when its free bytes are at most
	// the larger of MinFree bytes and MinPercent of its size, when it has no room
	// for more files, or when it is mounted read-only. To have no bound
	// in percent on a tiny disk, set MinPercent to None.
	MinFree    uint64
	MinPercent uint64
	// Every is how often Watch looks.
	Every time.Duration
	// Usage measures the disk; nil asks the file system given to NewSpace.
	Usage func() (vfs.DiskUsage, error)
	// Inspect looks at what a disk needs besides bytes; nil asks the operating
	// system, or nobody where the file system is not the local disk.
	Inspect func() (Condition, error)
	// Logger hears when the disk becomes low and when it has room again, and
	// when it cannot be measured; nil is slog.Default.
	Logger *slog.Logger
}

// None is a MinPercent of zero, which as a zero field would mean the default.
const None = ^uint64(0)

// Reading is one measurement of a disk. All sizes are in bytes.
type Reading struct {
	// Free is what this process may still write, Total the disk's size.
	Free, Total uint64
	// Threshold is the bound: Low is Free <= Threshold.
	Threshold uint64
	// Low says that writes are to be refused, Why for what.
	Low bool
	Why string
}

// Condition is what a disk needs besides free bytes.
type Condition struct {
	// Files is how many files the file system may hold, 0 when it does not say;
	// FreeFiles is how many more.
	Files, FreeFiles uint64
	// ReadOnly: it is mounted so, as Linux does after an error.
	ReadOnly bool
}

// leastFiles is how many more files a disk must have room for.
const leastFiles = 1000

// why says for what a disk takes no writes, "" when it does.
func (r Reading) why(c Condition) string {
	switch {
	case c.ReadOnly:
		return "the disk is mounted read-only"
	case c.Files > 0 && c.FreeFiles <= min(leastFiles, c.Files/20):
		return "the disk has no room for more files (inodes)"
	case r.Free <= r.Threshold:
		return "disk space is low"
	}
	return ""
}

// Space watches the free bytes of the disk that holds a folder. Low is cheap
// enough for every write.
type Space struct {
	opt  SpaceOptions
	dir  string
	last atomic.Pointer[Reading]
	deaf atomic.Bool // the last measurement failed
}

// NewSpace returns a watch over the disk that holds dir and measures it once;
// fs nil is the local disk.
// It fails when the disk cannot be measured.
func NewSpace(fs vfs.FS, dir string, opt SpaceOptions) (*Space, error) {
	if fs == nil {
		fs = vfs.Default
		if opt.Inspect == nil && opt.Usage == nil {
			opt.Inspect = func() (Condition, error) { return inspect(dir) }
		}
	}
	if opt.Inspect == nil {
		opt.Inspect = func() (Condition, error) { return Condition{}, nil }
	}
	if opt.MinFree == 0 {
		opt.MinFree = DefaultMinFree
	}
	switch opt.MinPercent {
	case 0:
		opt.MinPercent = DefaultMinPercent
	case None:
		opt.MinPercent = 0
	}
	if opt.Every <= 0 {
		opt.Every = DefaultSpaceEvery
	}
	if opt.Usage == nil {
		opt.Usage = func() (vfs.DiskUsage, error) { return fs.GetDiskUsage(dir) }
	}
	if opt.Logger == nil {
		opt.Logger = slog.Default()
	}
	s := &Space{opt: opt, dir: dir}
	s.last.Store(&Reading{})
	if _, err := s.Look(); err != nil {
		return nil, err
	}
	return s, nil
}

// Low says whether writes are to be refused, by the last measurement.
func (s *Space) Low() bool { return s.last.Load().Low }

// Last returns the last measurement.
func (s *Space) Last() Reading { return *s.last.Load() }

// Look measures now. When the measurement fails the last one stands.
func (s *Space) Look() (Reading, error) {
	u, err := s.opt.Usage()
	if err != nil {
		return s.Last(), fmt.Errorf("measure the free space of %s: %w", s.dir, err)
	}
	r := Reading{Free: u.AvailBytes, Total: u.TotalBytes}
	// Percent of the size, divided first: a total of 2^64 bytes must not overflow.
	r.Threshold = max(s.opt.MinFree, u.TotalBytes/100*s.opt.MinPercent)
	c, err := s.opt.Inspect()
	if err != nil {
		return s.Last(), fmt.Errorf("look at the disk of %s: %w", s.dir, err)
	}
	r.Why = r.why(c)
	r.Low = r.Why != ""
	old := s.last.Swap(&r)
	if old.Low != r.Low {
		s.report(r)
	}
	return r, nil
}

func (s *Space) report(r Reading) {
	args := []any{"dir", s.dir, "free_bytes", r.Free, "threshold_bytes", r.Threshold}
	if r.Low {
		s.opt.Logger.Warn(r.Why+": writes are refused until that is mended", args...)
		return
	}
	s.opt.Logger.Info("the disk is well again: writes are accepted", args...)
}

// Watch measures at once and then every so often until ctx ends.
func (s *Space) Watch(ctx context.Context) {
	tick := time.NewTicker(s.opt.Every)
	defer tick.Stop()
	for {
		_, err := s.Look()
		if failed := err != nil; s.deaf.Swap(failed) != failed && failed {
			s.opt.Logger.Error("disk space cannot be measured; the last reading stands", "dir", s.dir, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
