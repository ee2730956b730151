package personal

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// kindTags is the keystore's kind of the key that hashes are made under.
const kindTags = "person-tags"

// ErrNotYet says that this node's keystore lacks the key that the state names; it
// fetches it within seconds.
var ErrNotYet = errors.New("this node does not have the key of the hashes yet; repeat in a moment")

// tagKey is the key that hashes are made under. The first who needs it draws it and
// has the state name it; of several the state keeps the first.
func (s *Sealer) tagKey(ctx context.Context) ([]byte, error) {
	id, err := s.tagKeyID(ctx)
	if err != nil {
		return nil, fmt.Errorf("hash details: %w", err)
	}
	key, ok := s.cfg.Secrets.Secret(kindTags, id)
	if !ok {
		return nil, fmt.Errorf("hash details: %w", ErrNotYet)
	}
	return key, nil
}

func (s *Sealer) tagKeyID(ctx context.Context) (id string, err error) {
	s.mu.Lock()
	id = s.tagID
	s.mu.Unlock()
	if id != "" {
		return id, nil
	}
	err = s.cfg.Core.ReadLatest(ctx, func(r table.Reader) error {
		if k, ok := person.Keys(r); ok {
			id = k.TagKey
		}
		return nil
	})
	if err == nil && id == "" {
		id, err = s.nameTagKey(ctx)
	}
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	s.tagID = id
	s.mu.Unlock()
	return id, nil
}

// nameTagKey has the state name a key that a majority has.
func (s *Sealer) nameTagKey(ctx context.Context) (id string, err error) {
	if ids := s.cfg.Secrets.SecretIDs(kindTags); len(ids) > 0 {
		id = ids[0] // drawn by somebody who was interrupted here
	} else {
		key := make([]byte, sha256.Size)
		rand.Read(key)
		defer clear(key)
		if id, err = s.cfg.Secrets.PutSecret(kindTags, "", key); err != nil {
			return "", err
		}
	}
	k, out, err := person.SetKeys.Do(ctx, s.cfg.Core, "node/personal", "", &pb.PersonKeysSet{TagKey: id})
	if err == nil && !out.OK() {
		err = out.Err()
	}
	if err != nil {
		return "", err
	}
	return k.TagKey, nil
}

// hash is the keyed hash of all details.
func (s *Sealer) hash(ctx context.Context, d *pb.Details) ([]byte, error) {
	key, err := s.tagKey(ctx)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("holdfast details 1\n"))
	for _, field := range []string{d.GetName(), d.GetPhone(), d.GetEmail()} {
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(field))))
		mac.Write([]byte(field))
	}
	return mac.Sum(nil)[:person.HashSize], nil
}

// PhoneTag is the keyed hash by which whoever has the phone number is found. The
// number is in the form that Phone returns; of "" it is nil.
func (s *Sealer) PhoneTag(ctx context.Context, phone string) ([]byte, error) {
	if phone == "" {
		return nil, nil
	}
	return s.Tag(ctx, "phone", phone)
}

// Phone brings a phone number as people write it into one form, +8613800000000: a
// mainland mobile number may come without its country. ok is false when it is none.
func Phone(typed string) (phone string, ok bool) {
	digits := strings.NewReplacer(" ", "", "-", "").Replace(typed)
	if rest, found := strings.CutPrefix(digits, "00"); found {
		digits = "+" + rest
	}
	if len(digits) == 11 && digits[0] == '1' {
		digits = "+86" + digits
	}
	number, international := strings.CutPrefix(digits, "+")
	if !international || len(number) < 7 || len(number) > 15 || number[0] == '0' || strings.Trim(number, "0123456789") != "" {
		return "", false
	}
	return digits, true
}

// Tag is a keyed hash of anything, 32 bytes; what says of what, so that one of a code
// is never one of an address.
func (s *Sealer) Tag(ctx context.Context, what, of string) ([]byte, error) {
	key, err := s.tagKey(ctx)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("holdfast " + what + " 1\n" + of))
	return mac.Sum(nil), nil
}

// PacketKey is the key that seeds of red packets are made from, and its name; "" asks
// for the one that new packets take.
func (s *Sealer) PacketKey(ctx context.Context, id string) (key []byte, named string, err error) {
	if id == "" {
		if id, err = s.tagKeyID(ctx); err != nil {
			return nil, "", err
		}
	}
	root, ok := s.cfg.Secrets.Secret(kindTags, id)
	if !ok {
		return nil, "", fmt.Errorf("seed a packet: %w", ErrNotYet)
	}
	mac := hmac.New(sha256.New, root)
	mac.Write([]byte("holdfast packets 1\n"))
	return mac.Sum(nil), id, nil
}
