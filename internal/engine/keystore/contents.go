package keystore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"github.com/holdfast-pay/holdfast/internal/engine/pki"
)

// contents is what the sealed file holds. Keys are PKCS #8 DER, certificates
// DER; times are Unix milliseconds.
//
// The first layout has the fields up to admin_token and is all that binaries
// before feature level 4 read: they refuse a file with any other. What comes
// after them is written in the second layout only, whose list of secrets grows
// without another (layout.go).
type contents struct {
	Generation uint64        `json:"generation"`
	LogName    string        `json:"log_name"`
	CreatedAt  int64         `json:"created_at"`
	APIv3      []apiv3Key    `json:"apiv3"`
	Root       pki.Pair      `json:"root"`
	Platform   []platformKey `json:"platform"` // oldest first
	Public     publicKey     `json:"public"`
	Checkpoint checkpointKey `json:"checkpoint"`
	Inner      pki.Pair      `json:"inner"`
	AdminToken string        `json:"admin_token"`

	// Layout is 0 in the first layout.
	Layout int `json:"layout,omitempty"`
	// AdminTokenAt is the generation that brought the admin token.
	AdminTokenAt uint64 `json:"admin_token_at,omitempty"`
	// Secrets are all others, of kinds that this binary may not know.
	Secrets []secret `json:"secrets,omitempty"`
	// Removed names what was removed, so that no other node brings it back.
	Removed []name `json:"removed,omitempty"`
}

type apiv3Key struct {
	ID        string `json:"id"`
	Mchid     string `json:"mchid"`
	Key       string `json:"key"`
	CreatedAt int64  `json:"created_at"`
}

type platformKey struct {
	pki.Pair
	Serial string `json:"serial"`
	// ListedFrom <= SignsFrom < ListedUntil; ListedUntil is 0 while no successor
	// is known.
	ListedFrom  int64 `json:"listed_from"`
	SignsFrom   int64 `json:"signs_from"`
	ListedUntil int64 `json:"listed_until"`
}

type publicKey struct {
	ID  string `json:"id"`
	Key []byte `json:"key"`
}

// checkpointKey holds a note signer's and verifier's texts.
type checkpointKey struct {
	Signer   string `json:"signer"`
	Verifier string `json:"verifier"`
}

// clone copies what changes replace: slices of values, whose byte slices are
// never written to.
func (c *contents) clone() *contents {
	d := *c
	d.APIv3 = slices.Clone(c.APIv3)
	d.Platform = slices.Clone(c.Platform)
	d.Secrets = slices.Clone(c.Secrets)
	d.Removed = slices.Clone(c.Removed)
	return &d
}

func sealContents(master []byte, c *contents) ([]byte, error) {
	plain, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode keys: %w", err)
	}
	defer clear(plain)
	return sealFile(master, c.Generation, plain)
}

// decodeContents reads contents of either layout and clears them. It is strict: a
// field that this program doesn't know would be lost at the next write. What is
// new comes as a secret of a new kind, which is kept.
func decodeContents(plain []byte) (*contents, error) {
	defer clear(plain)
	d := json.NewDecoder(bytes.NewReader(plain))
	d.DisallowUnknownFields()
	c := new(contents)
	if err := d.Decode(c); err != nil {
		return nil, errors.New("was written by another version of this program; use that one")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one set of keys")
	}
	return c, c.checkLayout()
}

// snapshot is contents, parsed and ready for use; it never changes.
type snapshot struct {
	contents   *contents
	file       os.FileInfo // of the sealed file it was read from
	apiv3      map[string][]byte
	secrets    map[name][]byte
	platform   []platformCert // oldest first
	public     *Signer
	signers    map[string]*Signer
	checkpoint note.Signer
	root       *pki.Issuer
	inner      *pki.Cluster
}

// newSnapshot parses contents. RSA keys that the snapshot before, nil for none, has
// open already are not opened again, which takes milliseconds each.
func newSnapshot(c *contents, file os.FileInfo, before *snapshot) (*snapshot, error) {
	s := &snapshot{contents: c, file: file, apiv3: map[string][]byte{}, secrets: map[name][]byte{}, signers: map[string]*Signer{}}
	for _, k := range c.APIv3 {
		s.apiv3[k.ID] = []byte(k.Key)
	}
	for _, x := range c.Secrets {
		s.secrets[x.name] = x.Data
	}
	for _, k := range c.Platform {
		p, err := before.platformCert(k)
		if err != nil {
			return nil, fmt.Errorf("platform certificate %s: %w", k.Serial, err)
		}
		s.platform = append(s.platform, p)
		s.signers[k.Serial] = p.signer
	}
	if len(s.platform) == 0 {
		return nil, errors.New("keystore has no platform certificate")
	}
	var err error
	if s.public, err = before.publicSigner(c.Public); err != nil {
		return nil, fmt.Errorf("public key %s: %w", c.Public.ID, err)
	}
	s.signers[c.Public.ID] = s.public
	if s.checkpoint, err = note.NewSigner(c.Checkpoint.Signer); err != nil {
		return nil, errors.New("checkpoint key cannot be read")
	}
	if s.root, err = pki.NewIssuer(c.Root); err != nil {
		return nil, fmt.Errorf("platform root: %w", err)
	}
	if s.inner, err = pki.NewCluster(c.Inner); err != nil {
		return nil, fmt.Errorf("inner CA: %w", err)
	}
	return s, nil
}
