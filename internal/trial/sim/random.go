package sim

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	mathrand "math/rand/v2"
	"sync"
)

// chance is a run's one source of randomness.
type chance struct{ *mathrand.Rand }

func newChance(seed uint64) chance {
	return chance{mathrand.New(mathrand.NewPCG(seed, 0x686f6c6466617374))}
}

// between draws from lo..hi, both included.
func (c chance) between(lo, hi int64) int64 { return lo + c.Int64N(hi-lo+1) }

// oneIn is true once in n times.
func (c chance) oneIn(n int) bool { return c.IntN(n) == 0 }

// percent is true in p of 100 cases; p may have a fraction of a hundredth.
func (c chance) percent(p float64) bool { return p > 0 && c.Float64()*100 < p }

func pick[T any](c chance, from []T) T { return from[c.IntN(len(from))] }

// nonzero draws an identity's number.
func (c chance) nonzero() uint64 { return c.Uint64() | 1 }

// reader is a stream of the generator's bytes.
type reader struct{ c chance }

func (r reader) Read(p []byte) (int, error) {
	var b [8]byte
	for i := 0; i < len(p); i += 8 {
		binary.LittleEndian.PutUint64(b[:], r.c.Uint64())
		copy(p[i:], b[:])
	}
	return len(p), nil
}

// turn lets one run at a time have crypto/rand.Reader.
var turn sync.Mutex

// withRandom runs f while everybody who asks the system for randomness gets
// bytes of the seed: raft draws election time-outs by crypto/rand.
func withRandom(seed uint64, f func()) {
	turn.Lock()
	defer turn.Unlock()
	before := rand.Reader
	defer func() { rand.Reader = before }()
	rand.Reader = io.Reader(reader{newChance(^seed)})
	f()
}
