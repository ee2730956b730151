package keystore

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
)

// Public is what can be known of a platform's keys without any secret: enough
// to verify receipts, checkpoints, answers and callbacks offline.
type Public struct {
	// CheckpointVerifier is the text for note.NewVerifier.
	CheckpointVerifier string
	// Files maps a file's name to its content: PEM certificates and keys.
	Files map[string][]byte
}

// ReadPublic reads DIR/keys/public of dir, a data folder, and checks it against
// its SHA256SUMS. A file that is missing or altered is a *Damage.
func ReadPublic(dir string) (*Public, error) {
	return ReadPublicDir(filepath.Join(dir, keysDir, publicDir))
}

// ReadPublicDir is ReadPublic for the folder public itself, or a copy of it.
func ReadPublicDir(public string) (*Public, error) {
	path := filepath.Join(public, sumsFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read public keys: %w", err)
	}
	_, byName, err := parseSums(text)
	if err != nil {
		return nil, &Damage{path, err.Error(), "put the file back from a copy"}
	}
	p := &Public{Files: map[string][]byte{}}
	for name, want := range byName {
		if strings.Contains(name, "/") { // the admin token is not public
			continue
		}
		path := filepath.Join(public, name)
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &Damage{path, "is missing", "put the file back from a copy"}
		}
		if err != nil {
			return nil, fmt.Errorf("read public keys: %w", err)
		}
		if hexSum(content) != want {
			return nil, &Damage{path, "is not what " + sumsFile + " says", "put the file back from a copy"}
		}
		p.Files[name] = content
	}
	p.CheckpointVerifier = strings.TrimSpace(string(p.Files["checkpoint.vkey"]))
	return p, nil
}

func pemOf(i *pki.Issuer) []byte { return seal.CertificatePEM(i.Cert.Raw) }

// RootPool holds the platform root: merchants' and platform certificates chain
// to it.
func (s *Store) RootPool() *x509.CertPool { return s.current.Load().root.Pool.Clone() }

// Cluster is the inner CA, by which the processes of the cluster know each other.
func (s *Store) Cluster() *pki.Cluster { return s.current.Load().inner }
