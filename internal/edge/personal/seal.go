package personal

import (
	"context"
	"errors"
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

const nonceSize = 12

// ErrBox says that details do not open under their key: they were altered, or
// sealed under another.
var ErrBox = errors.New("the details do not open under their key")

// Seal seals details under a fresh key, which a majority of nodes has when it
// returns. Sealing the same details again gives other bytes and the same hash.
func (s *Sealer) Seal(ctx context.Context, d *pb.Details) (*pb.Sealed, error) {
	hash, err := s.hash(ctx, d)
	if err != nil {
		return nil, err
	}
	id, err := s.fresh(ctx)
	if err != nil {
		return nil, fmt.Errorf("seal details: %w", err)
	}
	box, err := s.box(id, d)
	if err != nil {
		return nil, fmt.Errorf("seal details: %w", err)
	}
	return &pb.Sealed{KeyId: id, Box: box, Hash: hash}, nil
}

// Reseal seals what change makes of sealed details, under the key that they have.
func (s *Sealer) Reseal(ctx context.Context, old *pb.Sealed, change func(*pb.Details)) (*pb.Sealed, error) {
	d, err := s.Open(old)
	if err != nil {
		return nil, fmt.Errorf("open details: %w", err)
	}
	change(d)
	hash, err := s.hash(ctx, d)
	if err != nil {
		return nil, err
	}
	box, err := s.box(old.KeyId, d)
	if err != nil {
		return nil, fmt.Errorf("seal details: %w", err)
	}
	return &pb.Sealed{KeyId: old.KeyId, Box: box, Hash: hash}, nil
}

func (s *Sealer) box(id string, d *pb.Details) ([]byte, error) {
	aead, err := s.cfg.Ring.AEAD(id)
	if err != nil {
		return nil, err
	}
	clear, err := d.MarshalVT()
	if err != nil {
		return nil, err
	}
	return sealTo(nil, aead, clear, bound(id)), nil
}

// Open opens sealed details: keyring.ErrNone, keyring.ErrGone, keyring.ErrWrapping,
// a *keyring.Damage or ErrBox when it can't.
func (s *Sealer) Open(x *pb.Sealed) (*pb.Details, error) {
	aead, err := s.cfg.Ring.AEAD(x.GetKeyId())
	if err != nil {
		return nil, err
	}
	box := x.GetBox()
	if len(box) < nonceSize {
		return nil, ErrBox
	}
	clear, err := aead.Open(nil, box[:nonceSize], box[nonceSize:], bound(x.KeyId))
	if err != nil {
		return nil, ErrBox
	}
	d := new(pb.Details)
	if d.UnmarshalVT(clear) != nil {
		return nil, ErrBox
	}
	return d, nil
}

// bound is what a box is bound to: moved to another person's row it does not open.
func bound(id string) []byte { return []byte("holdfast details 1\n" + id) }
