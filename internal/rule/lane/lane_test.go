package lane

import (
	"hash/crc32"
	"testing"
)

// TestLanesOfMerchants: the numbers are for ever, so they stand here. They were
// computed apart from this package (CRC-32C, bit by bit; check value of
// "123456789" e3069283).
func TestLanesOfMerchants(t *testing.T) {
	t.Parallel()
	if got := crc32.Checksum([]byte("123456789"), castagnoli); got != 0xe3069283 {
		t.Fatalf("this is not CRC32C: %08x", got)
	}
	for mchid, want := range map[string]int{
		"1900000001": 189,
		"1900000002": 73,
		"1900000109": 12,
		"1230000109": 219,
		"99999999":   42,
		"":           0,
	} {
		if got := Of(mchid); got != want {
			t.Errorf("merchant %s has lane %d, want %d", mchid, got, want)
		}
	}
}

func TestSets(t *testing.T) {
	t.Parallel()
	var s Set
	for _, n := range []int{0, 7, 8, 255} {
		s.add(n)
	}
	if s[0] != 0x81 || s[1] != 0x01 || s[31] != 0x80 || s.Len() != 4 {
		t.Errorf("lanes 0, 7, 8 and 255 are %x", s)
	}
	s.remove(7)
	if s.Has(7) || !s.Has(8) || s.Len() != 3 {
		t.Errorf("without lane 7 it is %x", s)
	}
	all := All()
	if all.Len() != Count {
		t.Errorf("all are %d lanes", all.Len())
	}
	if got, ok := Parse(s[:]); !ok || got != s {
		t.Errorf("read as %x", got)
	}
	for _, bad := range [][]byte{nil, s[:31], append(s[:], 0)} {
		if _, ok := Parse(bad); ok {
			t.Errorf("%d bytes were taken for lanes", len(bad))
		}
	}
}
