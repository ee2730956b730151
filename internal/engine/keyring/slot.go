package keyring

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Sizes in bytes.
const (
	slotSize    = 128
	nameSize    = 16
	nonceSize   = 12
	wrappedSize = KeySize + 16
	crcAt       = slotSize - 4

	// KeySize is the length of a data key.
	KeySize = 32
)

// Where a slot's parts begin.
const (
	nameAt    = 4
	byAt      = nameAt + nameSize
	mintedAt  = byAt + nameSize
	nonceAt   = mintedAt + 8
	wrappedAt = nonceAt + nonceSize
)

// State of a slot. 0 is none: a slot of zeros was never written.
const (
	stateKey  = 1
	stateGone = 2
)

const slotVersion = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type name [nameSize]byte

// putSlot writes a key into a slot. Of one that is gone only the name is left.
func putSlot(b []byte, k *pb.DataKey) {
	clear(b)
	b[0], b[1] = stateKey, slotVersion
	copy(b[nameAt:], k.Id)
	if k.Gone {
		b[0] = stateGone
	} else {
		copy(b[byAt:], k.WrappedBy)
		binary.BigEndian.PutUint64(b[mintedAt:], uint64(k.MintedAt))
		copy(b[nonceAt:], k.Nonce)
		copy(b[wrappedAt:], k.Wrapped)
	}
	binary.BigEndian.PutUint32(b[crcAt:], crc32.Checksum(b[:crcAt], castagnoli))
}

// readSlot reads a slot; ok is false when it is not what was written.
func readSlot(b []byte) (k *pb.DataKey, ok bool) {
	if binary.BigEndian.Uint32(b[crcAt:]) != crc32.Checksum(b[:crcAt], castagnoli) || b[1] != slotVersion {
		return nil, false
	}
	k = &pb.DataKey{Id: append([]byte(nil), b[nameAt:byAt]...)}
	switch b[0] {
	case stateGone:
		k.Gone = true
		return k, true
	case stateKey:
		k.WrappedBy = append([]byte(nil), b[byAt:mintedAt]...)
		k.MintedAt = int64(binary.BigEndian.Uint64(b[mintedAt:]))
		k.Nonce = append([]byte(nil), b[nonceAt:wrappedAt]...)
		k.Wrapped = append([]byte(nil), b[wrappedAt:wrappedAt+wrappedSize]...)
		return k, true
	}
	return nil, false
}

// shaped says whether a key fits into a slot.
func shaped(k *pb.DataKey) bool {
	if k == nil || len(k.Id) != nameSize {
		return false
	}
	return k.Gone || len(k.WrappedBy) == nameSize && len(k.Nonce) == nonceSize && len(k.Wrapped) == wrappedSize
}
