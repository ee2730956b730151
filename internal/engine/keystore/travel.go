package keystore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Contents travel between the nodes of a cluster over mutual TLS and nowhere
// else; each node seals them under a master key of its own.

// ErrOtherPlatform is what Import returns for the contents of another platform.
var ErrOtherPlatform = errors.New("these keys are of another platform: its log's name or its CA differs; nothing was taken over")

// Export is everything in the keystore, in the clear, for another node. Clear
// the bytes when they are sent.
func (s *Store) Export() ([]byte, error) {
	plain, err := json.Marshal(s.current.Load().contents)
	if err != nil {
		return nil, fmt.Errorf("encode keys: %w", err)
	}
	return plain, nil
}

// Import takes over what Export gave on another node, and clears data: the
// keystore then has what either had, without what either removed. When that is
// more than the newer of the two had, its generation is above both, and the caller
// should give it to the others (compare Generation). That comes to pass only when
// a node that led died between keeping a key and giving it away. Contents without
// anything new change nothing. Contents of another platform are ErrOtherPlatform.
//
// Secrets of a kind that this binary does not know are kept and passed on. It
// reads both layouts, and writes the second when it was given it: then the
// cluster is at LayoutLevel. A binary from before it refuses contents in the
// second layout and keeps its own, until it is replaced.
func (s *Store) Import(data []byte) error {
	theirs, err := readContents(data)
	if err != nil {
		return err
	}
	err = s.edit(func(c *contents) error {
		if !samePlatform(c, theirs) {
			return ErrOtherPlatform
		}
		merged := merge(c, theirs)
		if merged.Generation == c.Generation && merged.Layout == c.Layout && merged.AdminTokenAt == c.AdminTokenAt {
			return errNothingNew
		}
		*c = *merged
		return nil
	})
	if errors.Is(err, errNothingNew) {
		return nil
	}
	return err
}

// CreateFrom makes the keystore of a node that joins, from what Export gave on
// another, and clears data. Like Create it returns ErrExists rather than replace
// a keystore, and draws a master key only if there is none.
func CreateFrom(dir string, opt Options, data []byte) (*Store, error) {
	c, err := readContents(data)
	if err != nil {
		return nil, err
	}
	return create(dir, opt, func() (*contents, error) { return c, nil })
}

// readContents reads and checks exported contents: what cannot be used must not
// replace what can.
func readContents(data []byte) (*contents, error) {
	c, err := decodeContents(data) // it clears them
	if err != nil {
		return nil, fmt.Errorf("keys from another node: the keystore %w", err)
	}
	if c.Generation == 0 || c.LogName == "" {
		return nil, errors.New("keys from another node are not whole")
	}
	if _, err := newSnapshot(c, nil, nil); err != nil {
		return nil, fmt.Errorf("keys from another node: %w", err)
	}
	return c, nil
}

// create makes a keystore of what draw answers, under the lock.
func create(dir string, opt Options, draw func() (*contents, error)) (*Store, error) {
	s := newStore(dir, opt)
	if err := os.MkdirAll(s.path(publicDir), 0o700); err != nil {
		return nil, fmt.Errorf("create keystore: %w", err)
	}
	release, err := s.lock(exclusive)
	if err != nil {
		return nil, err
	}
	defer release()
	if _, err := os.Stat(s.path(sealedFile)); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("create keystore in %s: %w", s.path(""), errors.Join(ErrExists, err))
	}
	if err := ensureMasterKey(s.masterKey); err != nil {
		return nil, err
	}
	fresh, err := draw()
	if err != nil {
		return nil, fmt.Errorf("create keystore: %w", err)
	}
	if err := s.writeLocked(fresh); err != nil {
		return nil, err
	}
	return s, nil
}

// OnChange sets what is called after every change that this process makes, and
// before the method that made it returns: a leader gives the new contents to its
// peers there, so that no command names a key that a majority lacks. While the
// call fails, so does every change, and what was kept here is offered again
// first: a caller that repeats loses nothing. Import does not call it. Set it
// before the store is shared.
func (s *Store) OnChange(given func(generation uint64) error) { s.given = given }

// settle has the present contents given away unless that was done.
func (s *Store) settle() error {
	if s.given == nil {
		return nil
	}
	generation := s.Generation()
	if generation == s.settled {
		return nil
	}
	if err := s.given(generation); err != nil {
		return fmt.Errorf("give the keys to the other nodes: %w", err)
	}
	s.settled = generation
	return nil
}
