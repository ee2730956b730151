// Package lane shares owed work out among those who do it: notices among
// couriers, and any other kind of Work among its workers, each by itself. There
// are 256 lanes; what is owed to one owner all goes by one of them. A worker, here
// a courier, holds a share of the lanes by a lease, and renews it while it lives.
//
// At each of its renewals a courier
//
//   - names the lanes it goes on with, and so gives the others up,
//   - drops the couriers whose lease is over, which frees their lanes,
//   - takes free lanes up to its fair share, and is told that share.
//
// So no lane leaves a living courier that has not given it up before: a courier
// that is told it has too much stops sending by some of its lanes, waits until
// nothing of theirs is in the air, and names them no more. Fair shares are of
// equal size, give or take one, and add up to all lanes.
package lane

import (
	"hash/crc32"
	"math/bits"

	"github.com/holdfast-pay/holdfast/internal/base/must"
)

const (
	// Count is how many lanes there are.
	Count = 256
	// Level is the feature level that knows lanes and leases.
	Level = 3
)

// castagnoli is the polynomial of CRC32C (RFC 3720, appendix B.4).
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Of is the lane of an owner, of a notice its merchant: CRC32C of the bytes of the
// owner's name, mod 256. It is the same for ever: two workers that disagreed would
// both do the work, or neither.
func Of(owner string) int {
	return int(crc32.Checksum([]byte(owner), castagnoli) % Count)
}

// Set is a set of lanes: lane n is bit n % 8 of byte n / 8.
type Set [Count / 8]byte

// All has every lane.
func All() (s Set) {
	for i := range s {
		s[i] = 0xff
	}
	return s
}

// Parse reads the lanes of a record; ok is false for another number of bytes.
func Parse(b []byte) (s Set, ok bool) {
	return s, copy(s[:], b) == len(s) && len(b) == len(s)
}

// Has says whether lane n is in the set.
func (s *Set) Has(n int) bool { return s[n/8]&(1<<(n%8)) != 0 }

// Len is how many lanes are in the set.
func (s *Set) Len() (n int) {
	for _, b := range s {
		n += bits.OnesCount8(b)
	}
	return n
}

// And are the lanes that are in both.
func (s Set) And(other Set) Set {
	for i := range s {
		s[i] &= other[i]
	}
	return s
}

// Without are the lanes that are not in the other.
func (s Set) Without(other Set) Set {
	for i := range s {
		s[i] &^= other[i]
	}
	return s
}

// Least are the n lanes of the least numbers.
func (s Set) Least(n int) Set {
	for i, have := Count-1, s.Len(); have > n; i-- {
		if s.Has(i) {
			s.remove(i)
			have--
		}
	}
	return s
}

func (s *Set) add(n int)    { s[n/8] |= 1 << (n % 8) }
func (s *Set) remove(n int) { s[n/8] &^= 1 << (n % 8) }

// join adds the other's lanes, which must be others.
func (s *Set) join(other Set, who string) {
	for i := range s {
		must.That(s[i]&other[i] == 0, "no lane of worker %s is another's", who)
		s[i] |= other[i]
	}
}
