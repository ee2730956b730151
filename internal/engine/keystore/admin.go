package keystore

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

const adminTokenFile = "admin.token"

// VerifyAdminToken says whether presented is the admin API's bearer token, in a
// time that tells nothing else.
func (s *Store) VerifyAdminToken(presented string) bool {
	return seal.EqualSecret(presented, s.current.Load().contents.AdminToken)
}

// RotateAdminToken draws a new token, which replaces DIR/admin.token. The old
// one ends as each process reloads.
func (s *Store) RotateAdminToken() error {
	err := s.change(func(c *contents) error {
		c.AdminToken = newAdminToken()
		if c.Layout >= layoutSecrets {
			c.AdminTokenAt = c.Generation
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("rotate admin token: %w", err)
	}
	return nil
}

// ReadAdminToken reads the bearer token from dir, the data folder: what a
// command-line client on the machine presents. It needs no master key.
func ReadAdminToken(dir string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(dir, adminTokenFile))
	if err != nil {
		return "", fmt.Errorf("read admin token: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}
