package diskguard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// FileError is a table file of a store that is not as it was written.
type FileError struct {
	File  string
	Cause error
	// Smallest and Largest are the first and the last key the store keeps in it.
	Smallest, Largest []byte
}

func (e *FileError) Error() string {
	return e.File + " is damaged: put it back from a copy, or restore the folder from a backup: " + e.Cause.Error()
}

func (e *FileError) Unwrap() error { return e.Cause }

// Verify is Checker.Verify at full speed, for a store that nobody writes to.
func Verify(fs vfs.FS, dir string, db *pebble.DB, damaged func(err error) bool) (more bool, err error) {
	return (&Checker{Damaged: damaged}).Verify(fs, dir, db)
}

// Checker reads the files that an open store consists of. The store may be at
// work: files that come and go meanwhile are no damage.
type Checker struct {
	// Damaged is told of each file that is not whole, until it answers false: with
	// a *ManifestError for the MANIFEST, with a *FileError for a table file.
	Damaged func(err error) bool
	// Pace, when not nil, is called before every read with its size. It may wait;
	// an error from it ends the work.
	Pace func(bytes int) error
	// After skips the table files with this number and below, which are older.
	After uint64
	// Passed, when not nil, is told of each table file that was read.
	Passed func(number uint64)
	// Live says that the store is being written to: a MANIFEST whose last record
	// is not finished is then in order.
	Live bool
}

// Verify checks the files of the store db in dir, in the order in which they
// were made. Every block of a table is read, those that no search would touch
// (filters, properties) too; more is false when Damaged answered so. It returns
// an error only when it cannot do its work. The write-ahead log is checked by
// opening the store.
func (c *Checker) Verify(fs vfs.FS, dir string, db *pebble.DB) (more bool, err error) {
	pace := &pacer{pace: c.Pace}
	fs = &pacedFS{fs, pace}
	var manifest *ManifestError
	err = c.manifest(fs, dir)
	switch {
	case pace.stopped != nil:
		return false, pace.stopped
	case errors.As(err, &manifest):
		if !c.Damaged(err) {
			return false, nil
		}
	case err != nil:
		return false, err
	}
	return c.tables(fs, dir, db, pace)
}

// manifest reads the MANIFEST; a store at work may replace it meanwhile.
func (c *Checker) manifest(fs vfs.FS, dir string) (err error) {
	for range 3 {
		err = CheckManifest(fs, dir)
		var m *ManifestError
		if c.Live && errors.As(err, &m) && m.Torn {
			return nil
		}
		if !c.Live || err == nil || errors.As(err, &m) && !m.Missing {
			return err
		}
	}
	return err
}

// file is one table file and what the store keeps in it.
type file struct {
	number            uint64
	smallest, largest []byte
}

// files lists the table files by number: two virtual tables may share one.
func files(db *pebble.DB) ([]file, error) {
	levels, err := db.SSTables()
	if err != nil {
		return nil, err
	}
	var all []file
	for _, level := range levels {
		for _, t := range level {
			all = append(all, file{uint64(t.BackingSSTNum), t.Smallest.UserKey, t.Largest.UserKey})
		}
	}
	slices.SortFunc(all, func(a, b file) int {
		return cmp.Or(cmp.Compare(a.number, b.number), slices.Compare(a.smallest, b.smallest))
	})
	once := all[:0]
	for _, f := range all {
		if n := len(once); n > 0 && once[n-1].number == f.number {
			if slices.Compare(once[n-1].largest, f.largest) < 0 {
				once[n-1].largest = f.largest
			}
			continue
		}
		once = append(once, f)
	}
	return once, nil
}

func (c *Checker) tables(fs vfs.FS, dir string, db *pebble.DB, pace *pacer) (more bool, err error) {
	all, err := files(db)
	if err != nil {
		return false, fmt.Errorf("list the tables of %s: %w", dir, err)
	}
	for _, f := range all {
		if f.number <= c.After {
			continue
		}
		name := fs.PathJoin(dir, tableName(f.number))
		err := checkTable(fs, name)
		switch {
		case pace.stopped != nil:
			return false, pace.stopped
		case err == nil || gone(db, f.number, err):
		case !c.Damaged(&FileError{File: name, Cause: err, Smallest: f.smallest, Largest: f.largest}):
			return false, nil
		}
		if c.Passed != nil {
			c.Passed(f.number)
		}
	}
	return true, nil
}

func tableName(number uint64) string { return fmt.Sprintf("%06d.sst", number) }

// gone says whether a file could not be read because the store has done with it.
func gone(db *pebble.DB, number uint64, err error) bool {
	if !errors.Is(err, os.ErrNotExist) {
		return false
	}
	now, err := files(db)
	return err == nil && !slices.ContainsFunc(now, func(f file) bool { return f.number == number })
}

// checkTable verifies the checksum of every block and of the footer.
func checkTable(fs vfs.FS, name string) error {
	return Guarded(func() (err error) {
		f, err := fs.Open(name, vfs.SequentialReadsOption)
		if err != nil {
			return err
		}
		readable, err := sstable.NewSimpleReadable(f)
		if err != nil {
			return errors.Join(err, f.Close())
		}
		policy := bloom.FilterPolicy(10)
		r, err := sstable.NewReader(context.Background(), readable, sstable.ReaderOptions{
			Filters: map[string]pebble.FilterPolicy{policy.Name(): policy},
		})
		if err != nil {
			return errors.Join(err, readable.Close())
		}
		defer func() { err = errors.Join(err, r.Close()) }()
		return r.ValidateBlockChecksums()
	})
}
