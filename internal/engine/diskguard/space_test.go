package diskguard_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

const gib = uint64(1) << 30

func TestSpaceThreshold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                string
		free, total         uint64
		minFree, minPercent uint64
		wantLow             bool
		wantThreshold       uint64
	}{
		{"plenty", 50 * gib, 100 * gib, 0, 0, false, 5 * gib},
		{"at five percent", 5 * gib, 100 * gib, 0, 0, true, 5 * gib},
		{"just above five percent", 5*gib + 1, 100 * gib, 0, 0, false, 5 * gib},
		{"a small disk: two GiB count", 2 * gib, 10 * gib, 0, 0, true, 2 * gib},
		{"a small disk with room", 2*gib + 1, 10 * gib, 0, 0, false, 2 * gib},
		{"empty", 0, 100 * gib, 0, 0, true, 5 * gib},
		{"own bounds", 20, 1000, 10, 1, false, 10},
		{"own bounds, low", 10, 1000, 10, 1, true, 10},
		{"own bytes, no percent", 11, 1000, 10, diskguard.None, false, 10},
		{"the largest disk", 1 << 62, 1<<64 - 1, 0, 0, false, (1<<64 - 1) / 100 * 5},
	} {
		s, err := diskguard.NewSpace(nil, "dir", diskguard.SpaceOptions{
			MinFree: c.minFree, MinPercent: c.minPercent,
			Usage: func() (vfs.DiskUsage, error) {
				return vfs.DiskUsage{AvailBytes: c.free, TotalBytes: c.total}, nil
			},
			Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		want := diskguard.Reading{Free: c.free, Total: c.total, Threshold: c.wantThreshold, Low: c.wantLow}
		if want.Low {
			want.Why = "disk space is low"
		}
		if got := s.Last(); got != want || s.Low() != c.wantLow {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
	}
}

// The watch sees the disk fill and have room again by itself, says each once,
// and lives through measurements that fail.
func TestSpaceRecoversByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		mem := vfs.NewMem()
		mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 50 * gib, TotalBytes: 100 * gib})
		var broken atomic.Pointer[error]
		s, err := diskguard.NewSpace(mem, "dir", diskguard.SpaceOptions{
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
			Usage: func() (vfs.DiskUsage, error) {
				if err := broken.Load(); err != nil {
					return vfs.DiskUsage{}, *err
				}
				return mem.GetDiskUsage("dir")
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go s.Watch(ctx)
		step := func(free uint64, fail error, wantLow bool) {
			t.Helper()
			synctest.Wait()
			mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: free, TotalBytes: 100 * gib})
			broken.Store(nil)
			if fail != nil {
				broken.Store(&fail)
			}
			time.Sleep(3 * diskguard.DefaultSpaceEvery)
			synctest.Wait()
			if s.Low() != wantLow {
				t.Errorf("with %d bytes free (measured: %v) Low is %v", free, fail, s.Low())
			}
		}
		step(50*gib, nil, false)
		step(gib, nil, true)
		step(50*gib, errors.New("statfs failed"), true) // the last reading stands
		step(50*gib, nil, false)
		step(gib, nil, true)
		cancel()
		synctest.Wait()
		for text, want := range map[string]int{
			"disk space is low": 2, "the disk is well again": 1, "cannot be measured": 1,
		} {
			if got := strings.Count(log.String(), text); got != want {
				t.Errorf("%q was logged %d times, want %d:\n%s", text, got, want, log.String())
			}
		}
	})
}

func TestSpaceOfTheRealDisk(t *testing.T) {
	t.Parallel()
	s, err := diskguard.NewSpace(nil, t.TempDir(), diskguard.SpaceOptions{MinFree: 1, MinPercent: diskguard.None})
	if err != nil {
		t.Fatal(err)
	}
	if r := s.Last(); r.Total == 0 || r.Free > r.Total || r.Low {
		t.Errorf("reading %+v", r)
	}
	if _, err := diskguard.NewSpace(vfs.Default, "/no/such/folder", diskguard.SpaceOptions{}); err == nil {
		t.Error("a folder that is not there was measured")
	}
}

// Bytes are not all a disk needs: it may have no room for more files, or be
// mounted read-only.
func TestDiskCondition(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		at  diskguard.Condition
		why string
	}{
		{diskguard.Condition{Files: 1_000_000, FreeFiles: 1001}, ""},
		{diskguard.Condition{Files: 1_000_000, FreeFiles: 1000}, "the disk has no room for more files (inodes)"},
		{diskguard.Condition{Files: 1_000_000}, "the disk has no room for more files (inodes)"},
		{diskguard.Condition{Files: 100, FreeFiles: 6}, ""}, // a tiny file system
		{diskguard.Condition{Files: 100, FreeFiles: 5}, "the disk has no room for more files (inodes)"},
		{diskguard.Condition{}, ""}, // it does not say
		{diskguard.Condition{Files: 1_000_000, FreeFiles: 900_000, ReadOnly: true}, "the disk is mounted read-only"},
	} {
		s, err := diskguard.NewSpace(nil, "dir", diskguard.SpaceOptions{
			Usage:   func() (vfs.DiskUsage, error) { return vfs.DiskUsage{AvailBytes: 50 << 30, TotalBytes: 100 << 30}, nil },
			Inspect: func() (diskguard.Condition, error) { return c.at, nil }, Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		if r := s.Last(); r.Why != c.why || r.Low != (c.why != "") || s.Low() != r.Low {
			t.Errorf("%+v is %+v, want %q", c.at, r, c.why)
		}
	}
}

// The local disk is looked at as it is.
func TestLocalDisk(t *testing.T) {
	t.Parallel()
	s, err := diskguard.NewSpace(nil, t.TempDir(), diskguard.SpaceOptions{MinFree: 1, MinPercent: diskguard.None})
	if err != nil {
		t.Fatal(err)
	}
	if r := s.Last(); r.Low || r.Free == 0 {
		t.Errorf("the disk that this test writes to is %+v", r)
	}
}
