package packet_test

import (
	"encoding/binary"
	"encoding/hex"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/rule/packet"
)

// seedOf numbers the seeds that the tests draw from.
func seedOf(n int) []byte {
	return packet.SeedOf([]byte("a key of the tests, of 32 bytes."), uint64(n), "P")
}

// all draws the shares of a lucky packet whose shares go to people 1, 2, 3 and so on.
func all(seed []byte, total int64, count uint32) (shares []int64) {
	chain := packet.Commitment(seed)
	for n := range count {
		shares = append(shares, packet.Draw(packet.Lot(seed, uint64(n+1)), chain, total, count-n))
		total -= shares[n]
		chain = packet.NextChain(chain, nonce(uint64(n)))
	}
	return shares
}

func nonce(n uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 8), n) }

// The bytes that hashes are made of stand in the documentation, so they stay.
func TestSharesAreDrawnAsDocumented(t *testing.T) {
	t.Parallel()
	seed := seedOf(7)
	chain := packet.Commitment(seed)
	for what, c := range map[string]struct{ got, want string }{
		"seed":       {hex.EncodeToString(seed), vectors.seed},
		"commitment": {hex.EncodeToString(chain), vectors.commitment},
		"lot":        {hex.EncodeToString(packet.Lot(seed, 3)), vectors.lot},
		"chain":      {hex.EncodeToString(packet.NextChain(chain, nonce(9))), vectors.chain},
	} {
		if c.got != c.want {
			t.Errorf("%s is %s, documented is %s", what, c.got, c.want)
		}
	}
	if got := packet.Draw(packet.Lot(seed, 3), chain, 10_000, 10); got != vectors.share {
		t.Errorf("the share is %d, documented is %d", got, vectors.share)
	}
}

// Every share is at least a fen, none takes the last fen of those who follow, and
// they sum to the total, down to a fen a head.
func TestSharesSumToTheTotal(t *testing.T) {
	t.Parallel()
	for n := range 2000 {
		count := uint32(n%packet.MaxShares + 1)
		total := int64(count) + int64(n*n)%(int64(count)*packet.MaxAHead-int64(count)+1)
		if n%5 == 0 {
			total = int64(count)
		}
		sum := int64(0)
		for i, s := range all(seedOf(n), total, count) {
			if sum += s; s < 1 || total-sum < int64(count)-int64(i)-1 {
				t.Fatalf("packet %d: share %d of %d fen for %d is %d", n, i+1, total, count, s)
			}
		}
		if sum != total {
			t.Fatalf("packet %d: shares of %d fen sum to %d", n, total, sum)
		}
	}
}

// What one can expect is the same whenever one comes: a hundredth more or less would
// be seen here. Who comes later has more to win and to lose.
func TestNobodyGainsByComingEarlyOrLate(t *testing.T) {
	t.Parallel()
	const packets, count, total = 20_000, 10, 100_00
	var sums, squares [count]int64
	for n := range packets {
		for i, s := range all(seedOf(n), total, count) {
			sums[i] += s
			squares[i] += s * s
		}
	}
	for i, sum := range sums {
		// The mean is 1,000 fen; its error is about 600/sqrt(20,000), 4 fen.
		if mean := sum / packets; mean < 980 || mean > 1020 {
			t.Errorf("share %d is %d fen on average, want 1000", i+1, mean)
		}
	}
	if first, last := squares[0]/packets, squares[count-1]/packets; first >= last {
		t.Errorf("squares of the first share are %d on average, of the last %d", first, last)
	}
}

// The first share is any amount from one fen to twice the average less one, each as
// likely as any other.
func TestEachAmountIsAsLikely(t *testing.T) {
	t.Parallel()
	const draws, count, total = 40_000, 5, 50
	var times [20]int64 // 2*50/5 - 1 = 19 amounts
	for n := range draws {
		seed := seedOf(n)
		times[packet.Draw(packet.Lot(seed, 1), packet.Commitment(seed), total, count)]++
	}
	if times[0] != 0 {
		t.Error("somebody got nothing")
	}
	// Chi squared with 18 degrees of freedom exceeds 42.3 once in a thousand.
	chi := int64(0)
	for _, n := range times[1:] {
		d := 19*n - draws
		chi += d * d
	}
	if chi*10 > 423*draws*19 {
		t.Errorf("the amounts come up %v times", times[1:])
	}
}

// Another's nonce, or another person's lot, gives another draw.
func TestDrawsDependOnAllThatWasBefore(t *testing.T) {
	t.Parallel()
	seed := seedOf(1)
	chain := packet.Commitment(seed)
	const rest = 500 * packet.MaxAHead
	same := 0
	for n := range uint64(1000) {
		a := packet.Draw(packet.Lot(seed, 5), packet.NextChain(chain, nonce(n)), rest, 2)
		b := packet.Draw(packet.Lot(seed, 5), packet.NextChain(chain, nonce(n+1)), rest, 2)
		c := packet.Draw(packet.Lot(seed, 6), packet.NextChain(chain, nonce(n)), rest, 2)
		if a == b || a == c {
			same++
		}
	}
	if same > 2 {
		t.Errorf("%d of 1000 draws are those of another nonce or person", same)
	}
}
