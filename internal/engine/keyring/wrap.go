package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Wrapping is where the keys that data keys are wrapped under come from: the
// keystore.
type Wrapping interface {
	// Current is what new keys are wrapped under, by its name.
	Current() (id string, key []byte, err error)
	// Key is one by its name; ok is false when it is not here.
	Key(id string) (key []byte, ok bool)
}

// ErrWrapping says that a key is wrapped under one that this node's keystore does
// not have (yet).
var ErrWrapping = errors.New("the key that it is wrapped under is not in this node's keystore")

// mint draws a key and wraps it.
func (r *Ring) mint() (*pb.DataKey, error) {
	id, under, err := r.opt.Wrapping.Current()
	if err != nil {
		return nil, err
	}
	by, err := hex.DecodeString(id)
	if err != nil || len(by) != nameSize {
		return nil, fmt.Errorf("wrap a data key under %.40q: that is no key's name", id)
	}
	aead, err := newAEAD(under)
	if err != nil {
		return nil, err
	}
	var key [KeySize]byte
	rand.Read(key[:])
	defer clear(key[:])
	k := &pb.DataKey{Id: make([]byte, nameSize), WrappedBy: by, MintedAt: r.opt.Now().UnixMilli(), Nonce: make([]byte, nonceSize)}
	rand.Read(k.Id)
	rand.Read(k.Nonce)
	k.Wrapped = aead.Seal(nil, k.Nonce, key[:], bound(k))
	return k, nil
}

// unwrap returns the key itself.
func (r *Ring) unwrap(k *pb.DataKey) ([]byte, error) {
	under, ok := r.opt.Wrapping.Key(hex.EncodeToString(k.WrappedBy))
	if !ok {
		return nil, fmt.Errorf("data key %x: %w", k.Id, ErrWrapping)
	}
	aead, err := newAEAD(under)
	if err != nil {
		return nil, err
	}
	key, err := aead.Open(nil, k.Nonce, k.Wrapped, bound(k))
	if err != nil {
		return nil, &Damage{hex.EncodeToString(k.Id)}
	}
	return key, nil
}

// bound is what the wrapped key is bound to: its name and when it was drawn.
func bound(k *pb.DataKey) []byte {
	b := append([]byte("holdfast keyring 1\n"), k.Id...)
	return binary.BigEndian.AppendUint64(b, uint64(k.MintedAt))
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("wrap data keys: %w", err)
	}
	return cipher.NewGCM(block)
}
