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
	// the larger of MinFree bytes and MinPercent of its size. To have no bound
	// in percent on a tiny disk, set MinPercent to None.
	MinFree    uint64
	MinPercent uint64
	// Every is how often Watch looks.
	Every time.Duration
	// Usage measures the disk; nil asks the file system given to NewSpace.
	Usage func() (vfs.DiskUsage, error)
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
	Low       bool
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
	r.Low = r.Free <= r.Threshold
	old := s.last.Swap(&r)
	if old.Low != r.Low {
		s.report(r)
	}
	return r, nil
}

func (s *Space) report(r Reading) {
	args := []any{"dir", s.dir, "free_bytes", r.Free, "threshold_bytes", r.Threshold}
	if r.Low {
		s.opt.Logger.Warn("disk space is low: writes are refused until space is freed", args...)
		return
	}
	s.opt.Logger.Info("disk space is sufficient again: writes are accepted", args...)
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
