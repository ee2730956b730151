package personal

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/engine/keyring"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// A memo is sealed under a key of its own, which is wrapped under the data key of each
// who may read it: when one of them is erased, the others still have theirs. The box is
//
//	+---------+-----------------------------------------+-------+---------------+
//	| readers | for each: name, nonce, wrapped memo key | nonce | sealed text   |
//	| 1       | 16 + 12 + 48                            | 12    | its length+16 |
//	+---------+-----------------------------------------+-------+---------------+
const (
	keyNameSize = 16
	wrappedKey  = keyring.KeySize + 16
	readerSize  = keyNameSize + nonceSize + wrappedKey
	maxReaders  = 8
)

// ErrNoReader says that nobody who should read a memo has a data key.
var ErrNoReader = errors.New("nobody who may read the memo has sealed details")

// SealMemo seals a text that the given people may read. Those whose details are not
// sealed, or were erased, are left out.
func (s *Sealer) SealMemo(ctx context.Context, text string, readers ...*pb.Person) (*pb.Sealed, error) {
	hash, err := s.Tag(ctx, "memo", text)
	if err != nil {
		return nil, err
	}
	var key [keyring.KeySize]byte
	rand.Read(key[:])
	defer clear(key[:])
	memo, box := new(pb.Sealed), []byte{0}
	for _, p := range readers {
		id := p.GetDetails().GetKeyId()
		if id == "" || id == memo.KeyId || box[0] == maxReaders {
			continue
		}
		if box, err = s.wrapFor(box, id, key[:]); err != nil {
			return nil, fmt.Errorf("seal a memo: %w", err)
		}
		box[0]++
		if memo.KeyId == "" {
			memo.KeyId = id
		}
	}
	if memo.KeyId == "" {
		return nil, ErrNoReader
	}
	aead, err := gcm(key[:])
	if err != nil {
		return nil, err
	}
	memo.Box = sealTo(box, aead, []byte(text), memoBound)
	memo.Hash = hash[:person.HashSize]
	return memo, nil
}

var memoBound = []byte("holdfast memo 1\n")

func wrapBound(id string) []byte { return []byte("holdfast memo key 1\n" + id) }

func (s *Sealer) wrapFor(box []byte, id string, key []byte) ([]byte, error) {
	name, err := hex.DecodeString(id)
	if err != nil || len(name) != keyNameSize {
		return nil, keyring.ErrNone
	}
	aead, err := s.cfg.Ring.AEAD(id)
	if err != nil {
		return nil, err
	}
	return sealTo(append(box, name...), aead, key, wrapBound(id)), nil
}

// sealTo appends a fresh nonce and the sealed text.
func sealTo(b []byte, aead cipher.AEAD, text, bound []byte) []byte {
	nonce := make([]byte, nonceSize)
	rand.Read(nonce)
	return aead.Seal(append(b, nonce...), nonce, text, bound)
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// OpenMemo opens a memo for one of its readers: keyring.ErrNone when the person is
// none, or has no data key any more, otherwise what Open returns.
func (s *Sealer) OpenMemo(memo *pb.Sealed, reader *pb.Person) (string, error) {
	box, id := memo.GetBox(), reader.GetDetails().GetKeyId()
	if len(box) == 0 || len(box) < 1+int(box[0])*readerSize+nonceSize {
		return "", ErrBox
	}
	text := box[1+int(box[0])*readerSize:]
	for wraps := box[1 : len(box)-len(text)]; len(wraps) > 0; wraps = wraps[readerSize:] {
		if hex.EncodeToString(wraps[:keyNameSize]) == id {
			return s.openFor(wraps[keyNameSize:readerSize], text, id)
		}
	}
	return "", keyring.ErrNone
}

func (s *Sealer) openFor(wrap, text []byte, id string) (string, error) {
	aead, err := s.cfg.Ring.AEAD(id)
	if err != nil {
		return "", err
	}
	key, err := aead.Open(nil, wrap[:nonceSize], wrap[nonceSize:], wrapBound(id))
	if err != nil {
		return "", ErrBox
	}
	defer clear(key)
	if aead, err = gcm(key); err != nil {
		return "", err
	}
	out, err := aead.Open(nil, text[:nonceSize], text[nonceSize:], memoBound)
	if err != nil {
		return "", ErrBox
	}
	return string(out), nil
}
