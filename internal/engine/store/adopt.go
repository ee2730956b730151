package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/holdfast-pay/holdfast/internal/engine/identity"
)

// Adopt makes a copy of another node's state this node's own: it replaces the
// identity and makes that durable. It refuses what comes from another cluster.
// It is for the one who puts a checked copy into place, and for nobody else:
// everywhere else a foreign identity means a mixed-up folder (SetIdentity).
// Repeating it does nothing.
func (s *Store) Adopt(id identity.Identity) error {
	old, err := s.Identity()
	if err != nil || old == id {
		return err
	}
	if !old.IsZero() && old.ClusterID != id.ClusterID {
		return fmt.Errorf("state %s comes from another cluster (%v; this node is %v): fetch it from a node of this one", s.dir, old, id)
	}
	if err := s.done(errors.Join(s.db.Set(keyIdentity, id.Append(nil), pebble.NoSync), s.probe.expire())); err != nil {
		return err
	}
	return s.Flush()
}
