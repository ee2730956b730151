package diskguard

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// FileError is a table file of a store that is not as it was written.
type FileError struct {
	File  string
	Cause error
}

func (e *FileError) Error() string {
	return e.File + " is damaged: put it back from a copy, or restore the folder from a backup: " + e.Cause.Error()
}

func (e *FileError) Unwrap() error { return e.Cause }

// Verify checks the files that the open store db in dir consists of and calls
// damaged for each that is not whole, until damaged answers false (then more is
// false): with a *ManifestError for the MANIFEST, with a *FileError for a table
// file. Every block of a table is read, those that no search would touch
// (filters, properties) too. It answers an error only when it cannot do its
// work. The write-ahead log is checked by opening the store.
func Verify(fs vfs.FS, dir string, db *pebble.DB, damaged func(err error) bool) (more bool, err error) {
	var manifest *ManifestError
	err = CheckManifest(fs, dir)
	switch {
	case errors.As(err, &manifest):
		if !damaged(err) {
			return false, nil
		}
	case err != nil:
		return false, err
	}
	return verifyTables(fs, dir, db, damaged)
}

func verifyTables(fs vfs.FS, dir string, db *pebble.DB, damaged func(err error) bool) (more bool, err error) {
	levels, err := db.SSTables()
	if err != nil {
		return false, fmt.Errorf("list the tables of %s: %w", dir, err)
	}
	seen := make(map[string]bool)
	for _, level := range levels {
		for _, t := range level {
			name := fs.PathJoin(dir, t.BackingSSTNum.String()+".sst")
			if seen[name] {
				continue // two virtual tables may share one file
			}
			seen[name] = true
			if err := checkTable(fs, name); err != nil && !damaged(&FileError{File: name, Cause: err}) {
				return false, nil
			}
		}
	}
	return true, nil
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
