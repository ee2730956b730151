package table

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// Buckets is how many row counts a counted table keeps.
const Buckets = 64

// Digest is a table's fingerprint: the sum mod 2^128 of its rows' hashes, each
// the first 16 bytes of SHA-256(key length, key, stored bytes). A sum can be
// kept up to date row by row, and two replicas agree exactly when they hold
// the same rows.
type Digest struct {
	Hi, Lo  uint64
	Rows    uint64
	Buckets [Buckets]uint64
}

// Hasher hashes rows for a Digest; it reuses one buffer.
type Hasher struct{ buf []byte }

func (h *Hasher) row(key, stored []byte) (sum [16]byte) {
	h.buf = binary.BigEndian.AppendUint16(h.buf[:0], uint16(len(key)))
	h.buf = append(append(h.buf, key...), stored...)
	full := sha256.Sum256(h.buf)
	copy(sum[:], full[:])
	return sum
}

// Add counts a row in.
func (d *Digest) Add(h *Hasher, key, stored []byte) { d.add(key, h.row(key, stored)) }

// Remove counts a row out.
func (d *Digest) Remove(h *Hasher, key, stored []byte) { d.remove(key, h.row(key, stored)) }

func (d *Digest) add(key []byte, sum [16]byte) {
	var carry uint64
	d.Lo, carry = bits.Add64(d.Lo, binary.BigEndian.Uint64(sum[8:]), 0)
	d.Hi, _ = bits.Add64(d.Hi, binary.BigEndian.Uint64(sum[:8]), carry)
	d.Rows++
	if ID(key[0]).Counted() {
		d.Buckets[bucket(key)]++
	}
}

func (d *Digest) remove(key []byte, sum [16]byte) {
	var borrow uint64
	d.Lo, borrow = bits.Sub64(d.Lo, binary.BigEndian.Uint64(sum[8:]), 0)
	d.Hi, _ = bits.Sub64(d.Hi, binary.BigEndian.Uint64(sum[:8]), borrow)
	d.Rows--
	if ID(key[0]).Counted() {
		d.Buckets[bucket(key)]--
	}
}

func bucket(key []byte) uint32 { return crc32.Checksum(key, castagnoli) % Buckets }
