package edgetest

import (
	"context"
	"encoding/hex"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/engine/keyring"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Secrets is a keystore in memory: secrets of any kind, and one key that data keys
// are wrapped under.
type Secrets struct {
	mu   sync.Mutex
	ids  map[string][]string
	data map[string][]byte
}

// NewSecrets is an empty one.
func NewSecrets() *Secrets { return &Secrets{ids: map[string][]string{}, data: map[string][]byte{}} }

// Secret implements personal.Secrets.
func (s *Secrets) Secret(kind, id string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.data[kind+"/"+id]
	return data, ok
}

// SecretIDs implements personal.Secrets.
func (s *Secrets) SecretIDs(kind string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids[kind]
}

// PutSecret implements personal.Secrets.
func (s *Secrets) PutSecret(kind, _ string, data []byte) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fmt.Sprintf("%032x", len(s.data)+1)
	s.ids[kind] = append(s.ids[kind], id)
	s.data[kind+"/"+id] = append([]byte(nil), data...)
	return id, nil
}

// Current implements keyring.Wrapping.
func (s *Secrets) Current() (string, []byte, error) { return wrappingID, make([]byte, 32), nil }

// Key implements keyring.Wrapping.
func (s *Secrets) Key(id string) ([]byte, bool) { return make([]byte, 32), id == wrappingID }

const wrappingID = "ffffffffffffffffffffffffffffffff"

// Ring opens a keyring in a folder of the test.
func Ring(t testing.TB, s *Secrets) *keyring.Ring {
	t.Helper()
	r, err := keyring.Open(keyring.Options{Dir: t.TempDir(), Wrapping: s, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// Mint is how a Sealer draws keys of a ring that has no peers.
func Mint(r *keyring.Ring) func(context.Context, int) ([]string, error) {
	return func(_ context.Context, n int) (ids []string, err error) {
		list, err := r.Mint(n)
		for _, k := range list {
			ids = append(ids, hex.EncodeToString(k.Id))
		}
		return ids, err
	}
}

// Sealer seals and opens details with a keyring of its own.
func Sealer(t testing.TB, core personal.Core) *personal.Sealer {
	t.Helper()
	s := NewSecrets()
	r := Ring(t, s)
	return personal.New(personal.Config{Core: core, Secrets: s, Ring: r, Mint: Mint(r)})
}

// Sealed seals the details of people who were added in clear, and returns what
// opens them.
func Sealed(t testing.TB, core personal.Core, people ...*pb.Person) *personal.Sealer {
	t.Helper()
	s := Sealer(t, core)
	for _, p := range people {
		now, err := s.SealRow(context.Background(), "test", p)
		if err != nil {
			t.Fatal(err)
		}
		p.Name, p.Details = "", now.Details
	}
	return s
}
