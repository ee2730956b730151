package store

import (
	"github.com/cockroachdb/pebble/v2"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
)

// VerifyFiles reads every file the store consists of and calls damaged for each
// that is not as it was written, until damaged returns false: with a
// *diskguard.ManifestError or a *diskguard.FileError. It says nothing of rows
// that are whole but wrong; their digests do.
func (s *Store) VerifyFiles(damaged func(err error) bool) error {
	return s.CheckFiles(&diskguard.Checker{Damaged: damaged})
}

// CheckFiles is VerifyFiles as c says: slowly, or from where it left off.
func (s *Store) CheckFiles(c *diskguard.Checker) error {
	_, err := c.Verify(s.fs, s.dir, s.db)
	return err
}

// Rows is an unchanging view of the rows as they are stored, for who checks them
// himself. It implements table.Stored. Close it.
type Rows struct {
	view
	snap *pebble.Snapshot
}

// Rows opens a view of the stored rows as they are now.
func (s *Store) Rows() *Rows {
	snap := s.db.NewSnapshot()
	return &Rows{view{snap: snap}, snap}
}

// Close ends the view.
func (r *Rows) Close() error { return r.snap.Close() }
