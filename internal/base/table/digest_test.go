package table_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// The digest is for ever, so it is computed here a second way.
func TestDigestIsTheSumOfRowHashes(t *testing.T) {
	t.Parallel()
	var d table.Digest
	var h table.Hasher
	var hi, lo uint64
	for n := range uint64(100) {
		k, stored := order(n), fmt.Appendf(nil, "row %d", n)
		d.Add(&h, k, stored)
		in := binary.BigEndian.AppendUint16(nil, uint16(len(k)))
		sum := sha256.Sum256(append(append(in, k...), stored...))
		var carry uint64
		lo, carry = bits.Add64(lo, binary.BigEndian.Uint64(sum[8:]), 0)
		hi, _ = bits.Add64(hi, binary.BigEndian.Uint64(sum[:]), carry)
	}
	if d.Hi != hi || d.Lo != lo || d.Rows != 100 {
		t.Fatalf("digest is %x %x of %d rows, want %x %x of 100", d.Hi, d.Lo, d.Rows, hi, lo)
	}
	var counted uint64
	for _, n := range d.Buckets {
		counted += n
	}
	if counted != 100 {
		t.Fatalf("buckets count %d rows, want 100", counted)
	}
}

// Order does not matter, and what is taken out leaves no trace.
func TestDigestForgetsOrder(t *testing.T) {
	t.Parallel()
	var a, b table.Digest
	var h table.Hasher
	for n := range uint64(50) {
		a.Add(&h, order(n), []byte("x"))
		b.Add(&h, order(49-n), []byte("x"))
	}
	if a != b {
		t.Fatal("the digest depends on the order")
	}
	for n := range uint64(50) {
		a.Remove(&h, order((n*7)%50), []byte("x"))
	}
	if a != (table.Digest{}) {
		t.Fatalf("after all is taken out: %+v", a)
	}
}
