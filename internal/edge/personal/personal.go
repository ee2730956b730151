// Package personal seals people's details on their way into commands, and opens
// them for whoever may see them. It is the only place where details, data keys
// and the key of their hashes meet.
//
// Details are sealed under a data key of the keyring, one for each person, by
// AES-256-GCM bound to the key's name. Two hashes are made of them under a key that
// the keystore has and the state names: one of all details, by which the state
// tells whether a repeat says the same, and one of the phone number, by which it
// finds who has it. Without that key neither can be tried out.
package personal

import (
	"context"
	"crypto/cipher"
	"sync"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Core is what it needs of the platform.
type Core interface {
	Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error)
	ReadLatest(ctx context.Context, f func(table.Reader) error) error
}

// Secrets is what it needs of the keystore.
type Secrets interface {
	Secret(kind, id string) (data []byte, ok bool)
	SecretIDs(kind string) []string
	PutSecret(kind, owner string, data []byte) (id string, err error)
}

// Ring is what it needs of the keyring.
type Ring interface {
	// AEAD returns what seals and opens under a key.
	AEAD(id string) (cipher.AEAD, error)
	Delete(ids ...string) error
	// Minted is when a key was drawn; the zero time when it is not here.
	Minted(id string) time.Time
}

// Config says what a Sealer works with.
type Config struct {
	Core    Core
	Secrets Secrets
	Ring    Ring
	// Mint draws data keys and returns once a majority has them.
	Mint func(ctx context.Context, n int) (ids []string, err error)
	// Wall is the time by which keys grow old; nil is the system's.
	Wall func() time.Time
}

// Sealer seals and opens details. Its methods may be called from any goroutine. A
// nil one opens nothing.
type Sealer struct {
	cfg Config

	mu     sync.Mutex
	minted []string // keys that no command has named yet
	tagID  string   // the key of the hashes, once the state says which

	masked maskedNames
}

// New makes a Sealer.
func New(cfg Config) *Sealer {
	if cfg.Wall == nil {
		cfg.Wall = time.Now
	}
	return &Sealer{cfg: cfg}
}

// mintAtOnce is how many keys are drawn together: each batch is a write and a round
// to the peers. Those left over when the node stops are never used.
const mintAtOnce = 32

// A key that no row names is swept a day after it was drawn. So it must be named well
// before that, or never.
const (
	// poolFor is for how long keys are kept ready.
	poolFor = time.Hour
	// nameWithin is how old a key may be when a command that names it is proposed.
	nameWithin = 12 * time.Hour
)

// Until is the last moment at which a command may be proposed that has something sealed
// under a key that no row names yet.
func (s *Sealer) Until(x *pb.Sealed) time.Time {
	return s.cfg.Ring.Minted(x.GetKeyId()).Add(nameWithin)
}

// fresh is the id of a key that nothing was sealed under yet.
func (s *Sealer) fresh(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.minted) == 0 || s.cfg.Wall().Sub(s.cfg.Ring.Minted(s.minted[0])) > poolFor {
		ids, err := s.cfg.Mint(ctx, mintAtOnce)
		if err != nil {
			return "", err
		}
		s.minted = ids
	}
	last := len(s.minted) - 1
	id := s.minted[last]
	s.minted = s.minted[:last]
	return id, nil
}
