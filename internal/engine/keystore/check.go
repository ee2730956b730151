package keystore

import (
	"errors"
	"path/filepath"
)

// Check reads every file of the keystore again and compares it with what is in
// memory and with each other; nothing is changed. A file that does not hold what
// was written to it is a *Damage. Copies that are merely old are none.
func (s *Store) Check() error {
	release, err := s.lock(shared)
	if err != nil {
		return err
	}
	defer release()
	now, err := s.readLocked()
	if err != nil {
		return err
	}
	_, err = s.checkCopies(now)
	return err
}

// DefaultMasterKey is where the master key lies unless Options name another file.
func DefaultMasterKey(dir string) string { return filepath.Join(dir, keysDir, "master.key") }

// MasterKeyPath is the file with the key that seals the keystore.
func (s *Store) MasterKeyPath() string { return s.masterKey }

// Rewrite mends files that Check found damaged: a sealed file that cannot be
// opened is sealed again from what is in memory, the copies are written again
// from it. It refuses with a *Damage while the master key is not the one that
// sealed the file: nothing here can mend that.
func (s *Store) Rewrite() error {
	if s.readOnly {
		return ErrReadOnly
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	release, err := s.lock(exclusive)
	if err != nil {
		return err
	}
	defer release()
	newest, err := s.readLocked()
	var d *Damage
	switch {
	case err == nil:
		s.current.Store(newest) // another process may have changed it
		return s.writeCopies(newest)
	case errors.As(err, &d) && d.File == s.masterKey:
		return err // sealing under another key would make it worse
	}
	return s.writeLocked(s.current.Load().contents.clone())
}
