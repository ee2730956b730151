package keystore

import (
	"errors"
	"fmt"
)

const (
	// layoutSecrets is the second layout: it has secrets of any kind, and removals.
	layoutSecrets = 2
	// LayoutLevel is the feature level from which on it is written. Below it
	// nodes with binaries that refuse it may be in the cluster.
	LayoutLevel = 4
)

// ErrLayout is what a change returns that the first layout has no room for.
var ErrLayout = fmt.Errorf("the keystore's layout has no room for it before feature level %d; raise it with `holdfast level set %d`", LayoutLevel, LayoutLevel)

// errSameLayout ends a change of the layout that is made already.
var errSameLayout = errors.New("the layout is the same")

// AtLevel tells the keystore that the platform is at a feature level: from
// LayoutLevel on it is written in the second layout. Each node changes its own
// file; what is in it stays the same, so the generation does too.
func (s *Store) AtLevel(level uint32) error {
	if level < LayoutLevel || s.current.Load().contents.Layout >= layoutSecrets {
		return nil
	}
	err := s.edit(func(c *contents) error {
		if c.Layout >= layoutSecrets {
			return errSameLayout // another process was faster
		}
		c.raise()
		return nil
	})
	if err != nil && !errors.Is(err, errSameLayout) {
		return fmt.Errorf("write the keystore in its second layout: %w", err)
	}
	return nil
}

// raise brings contents into the second layout. Equal contents stay equal.
func (c *contents) raise() {
	if c.Layout < layoutSecrets {
		c.Layout, c.AdminTokenAt = layoutSecrets, c.Generation
	}
}

// checkLayout refuses a layout that this program doesn't know, and contents that
// do not keep to theirs.
func (c *contents) checkLayout() error {
	switch {
	case c.Layout > layoutSecrets:
		return fmt.Errorf("has layout %d, and this version of the program reads up to %d; use the one that wrote it", c.Layout, layoutSecrets)
	case c.Layout == layoutSecrets, c.Layout == 0 && len(c.Secrets)+len(c.Removed) == 0 && c.AdminTokenAt == 0:
		return nil
	}
	return errors.New("does not keep to its layout")
}
