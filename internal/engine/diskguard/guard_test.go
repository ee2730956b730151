package diskguard_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

// badDisk is a file system whose every sync fails with EIO.
type badDisk struct{ vfs.FS }

type badFile struct{ vfs.File }

func (badFile) Sync() error                { return syscall.EIO }
func (badFile) SyncData() error            { return syscall.EIO }
func (badFile) SyncTo(int64) (bool, error) { return false, syscall.EIO }

func bad(f vfs.File, err error) (vfs.File, error) { return badFile{f}, err }

func (d badDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return bad(d.FS.Create(name, c))
}

func (d badDisk) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	return bad(d.FS.Open(name, opts...))
}

func (d badDisk) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return bad(d.FS.OpenReadWrite(name, c, opts...))
}

func (d badDisk) OpenDir(name string) (vfs.File, error) { return bad(d.FS.OpenDir(name)) }

func (d badDisk) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return bad(d.FS.ReuseForWrite(from, to, c))
}

// Each way of opening a file leads to a guarded one, and each way of syncing it
// ends the process before the caller knows.
func TestEverySyncIsGuarded(t *testing.T) {
	t.Parallel()
	mem := vfs.NewMem()
	writeAll(t, mem, "old", []byte("content"))
	writeAll(t, mem, "reused", []byte("content"))
	var f faults
	fs := diskguard.Wrap(badDisk{mem}, f.fatal)
	opens := map[string]func() (vfs.File, error){
		"Create":        func() (vfs.File, error) { return fs.Create("new", vfs.WriteCategoryUnspecified) },
		"Open":          func() (vfs.File, error) { return fs.Open("old") },
		"OpenReadWrite": func() (vfs.File, error) { return fs.OpenReadWrite("old", vfs.WriteCategoryUnspecified) },
		"OpenDir":       func() (vfs.File, error) { return fs.OpenDir("") },
		"ReuseForWrite": func() (vfs.File, error) {
			return fs.ReuseForWrite("reused", "reused2", vfs.WriteCategoryUnspecified)
		},
	}
	syncs := map[string]func(vfs.File) error{
		"Sync":     vfs.File.Sync,
		"SyncData": vfs.File.SyncData,
		"SyncTo":   func(file vfs.File) error { _, err := file.SyncTo(1); return err },
	}
	for how, open := range opens {
		file, err := open()
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		for name, sync := range syncs {
			before := len(f.all())
			err := sync(file)
			if !errors.Is(err, syscall.EIO) {
				t.Errorf("%s, %s: answers %v, want EIO", how, name, err)
			}
			if got := f.all(); len(got) != before+1 || !errors.Is(got[before], syscall.EIO) {
				t.Errorf("%s, %s: the process goes on (%v)", how, name, got[before:])
			}
		}
		if err := file.Close(); err != nil {
			t.Errorf("%s: close: %v", how, err)
		}
	}
}

// A write-ahead log that cannot be made ends the process; another file that
// cannot is its caller's affair.
func TestWALThatCannotBeMade(t *testing.T) {
	t.Parallel()
	var f faults
	fs := diskguard.Wrap(vfs.NewMem(), f.fatal)
	if _, err := fs.Create("no/such/000001.sst", vfs.WriteCategoryUnspecified); err == nil || len(f.all()) != 0 {
		t.Errorf("a table: %v, fatal %v", err, f.all())
	}
	if _, err := fs.Create("no/such/000001.log", vfs.WriteCategoryUnspecified); err == nil || len(f.all()) != 1 {
		t.Errorf("a log: %v, fatal %v", err, f.all())
	}
	if _, err := fs.ReuseForWrite("no.log", "such.log", vfs.WriteCategoryUnspecified); err == nil || len(f.all()) != 2 {
		t.Errorf("a reused log: %v, fatal %v", err, f.all())
	}
}

// What does not fail passes through, and so do errors that are not a sync's.
func TestGuardPassesThrough(t *testing.T) {
	t.Parallel()
	var f faults
	dir := t.TempDir()
	fs := diskguard.Wrap(vfs.Default, f.fatal)
	name := fs.PathJoin(dir, "file")
	file, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if file.Fd() == vfs.InvalidFd {
		t.Error("the file descriptor is hidden: reads ahead and ranged syncs are lost")
	}
	if err := file.Preallocate(0, 4096); err != nil && !errors.Is(err, syscall.EOPNOTSUPP) {
		t.Errorf("preallocate: %v", err)
	}
	if _, err := file.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Sync(), file.SyncData(), file.Close()); err != nil {
		t.Fatal(err)
	}
	if err := fs.Rename(name, name+"2"); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, fs, name+"2"); string(got) != "hello" {
		t.Errorf("read %q", got)
	}
	if _, err := fs.Open(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("open of a file that is gone: %v", err)
	}
	if vfs.Root(fs) != vfs.Default {
		t.Error("the wrapped file system is not to be found by vfs.Root")
	}
	if u, err := fs.GetDiskUsage(dir); err != nil || u.TotalBytes == 0 {
		t.Errorf("disk usage %+v (%v)", u, err)
	}
	if errs := f.all(); len(errs) > 0 {
		t.Errorf("fatal: %v", errs)
	}
}

// Pebble would retry a flush whose sync failed for ever, and its log would go on
// after a failed sync of the MANIFEST is forgotten: with the guard the process
// ends at the first one, whichever file it is.
func TestM_FailingSyncEndsTheProcess(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"*.log", "*.sst", "MANIFEST-*", "db"} {
		t.Run("file "+pattern, func(t *testing.T) {
			t.Parallel()
			out, status := inChild(t, pattern)
			if status != diskguard.ExitStatus {
				t.Fatalf("the process ended with %d, want %d; it said:\n%s", status, diskguard.ExitStatus, out)
			}
			if !strings.Contains(out, "input/output error") || strings.Contains(out, childSurvived) {
				t.Errorf("the process said:\n%s", out)
			}
		})
	}
	out, status := inChild(t, "no file is called so")
	if status != 0 || !strings.Contains(out, childSurvived) {
		t.Errorf("without a failing sync the process ended with %d and said:\n%s", status, out)
	}
}

const (
	childPattern  = "HOLDFAST_TEST_FAIL_SYNC"
	childSurvived = "the child is alive after everything"
)

// inChild runs TestChildWithFailingSync in a process of its own.
func inChild(t *testing.T, pattern string) (output string, status int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChildWithFailingSync$", "-test.v")
	cmd.Env = append(os.Environ(), childPattern+"="+pattern)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// TestChildWithFailingSync is the process that is expected to end: it writes to
// a Pebble store, through the default guard, on a disk whose syncs begin to fail.
func TestChildWithFailingSync(t *testing.T) {
	pattern := os.Getenv(childPattern)
	if pattern == "" {
		t.Skip("runs only as a child of TestM_FailingSyncEndsTheProcess")
	}
	on := errorfs.Toggle{Injector: errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
			if ok, _ := filepath.Match(pattern, filepath.Base(op.Path)); ok {
				return syscall.EIO
			}
		}
		return nil
	})}
	fs := diskguard.Wrap(errorfs.Wrap(vfs.NewMem(), &on), nil)
	if err := fs.MkdirAll("db", 0o700); err != nil {
		t.Fatal(err)
	}
	opts := &pebble.Options{FS: fs, FormatMajorVersion: pebble.FormatNewest}
	diskguard.NewEvents("test store", nil, nil).Apply(opts)
	db, err := pebble.Open("db", opts)
	if err != nil {
		t.Fatal(err)
	}
	on.On()
	for i := range 20 {
		if err := db.Set(fmt.Appendf(nil, "key %d", i), make([]byte, 1000), pebble.Sync); err != nil {
			t.Fatal(err)
		}
		if err := db.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println(childSurvived)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
