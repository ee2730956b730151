package walletclient

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"sync/atomic"

	"github.com/holdfast-pay/holdfast/internal/edge/httpsig"
)

// idSize is the length of a device's number: the start of SHA-256 of its public key.
const idSize = 16

// Device is a key that signs for a person, wherever it is kept. Its methods may be
// called from any goroutine.
type Device interface {
	// PublicKey is the key's point on P-256, uncompressed, 65 bytes.
	PublicKey() ([]byte, error)
	// Sign signs a SHA-256 hash by ECDSA and returns r and s, 32 bytes each.
	Sign(hash []byte) ([]byte, error)
	// Next returns the next count of calls, from 1. It never returns one twice,
	// whatever happens to the process in between: the API takes each count once.
	Next() (uint64, error)
}

// DeviceID is the device's number, by which the API knows it.
func DeviceID(d Device) ([]byte, error) {
	point, err := d.PublicKey()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(point)
	return sum[:idSize], nil
}

// Memory is a device that is gone when the process ends: for tests and load.
type Memory struct {
	key   *ecdsa.PrivateKey
	point []byte
	count atomic.Uint64
}

// NewMemory makes a device in memory.
func NewMemory() (*Memory, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a device's key: %w", err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("read a device's key: %w", err)
	}
	return &Memory{key: key, point: point}, nil
}

// PublicKey implements Device.
func (m *Memory) PublicKey() ([]byte, error) { return m.point, nil }

// Sign implements Device.
func (m *Memory) Sign(hash []byte) ([]byte, error) { return httpsig.Sign(m.key, hash) }

// Next implements Device.
func (m *Memory) Next() (uint64, error) { return m.count.Add(1), nil }
