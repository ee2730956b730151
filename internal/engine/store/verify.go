package store

import "github.com/holdfast-pay/holdfast/internal/engine/diskguard"

// VerifyFiles reads every file the store consists of and calls damaged for each
// that is not as it was written, until damaged answers false: with a
// *diskguard.ManifestError or a *diskguard.FileError. It says nothing of rows
// that are whole but wrong; their digests do.
func (s *Store) VerifyFiles(damaged func(err error) bool) error {
	_, err := diskguard.Verify(s.fs, s.dir, s.db, damaged)
	return err
}
