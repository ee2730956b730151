package table_test

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/table"
)

// rowVectorCRC was computed apart from this code: CRC32C of "8key", 1, "value",
// little-endian.
const rowVectorCRC = "69172665"

// The stored form is for ever: digests are over it.
func TestRowVector(t *testing.T) {
	t.Parallel()
	got := table.Seal([]byte("before"), []byte("8key"), []byte("value"))
	const want = "before" + "\x01"
	if string(got[:len(want)]) != want || string(got[len(got)-5:]) != "value" {
		t.Fatalf("row is %q", got)
	}
	if crc := hex.EncodeToString(got[7:11]); crc != rowVectorCRC {
		t.Fatalf("CRC32C is %s, want %s", crc, rowVectorCRC)
	}
}

func TestEveryFlippedBitOfARowIsNoticed(t *testing.T) {
	t.Parallel()
	k := table.K(table.Accounts).Str("user/1/balance").U32(156)
	row := table.Seal(nil, k, []byte("the account"))
	for i := range len(row) * 8 {
		bad := bytes.Clone(row)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := table.Open(k, bad); err == nil {
			t.Errorf("bit %d flipped: the row opens", i)
		}
	}
	for n := range row {
		if _, err := table.Open(k, row[:n]); err == nil {
			t.Errorf("cut to %d bytes: the row opens", n)
		}
	}
	for i := range len(k) * 8 {
		other := bytes.Clone(k)
		other[i/8] ^= 1 << (i % 8)
		if _, err := table.Open(other, row); err == nil {
			t.Errorf("read under %x: the row opens", other)
		}
	}
}

func FuzzRowOpen(f *testing.F) {
	f.Add([]byte("8key"), table.Seal(nil, []byte("8key"), []byte("value")))
	f.Add([]byte("8key"), []byte{1, 0, 0, 0})
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, key, stored []byte) {
		value, err := table.Open(key, stored)
		if err != nil {
			return
		}
		if again := table.Seal(nil, key, value); !bytes.Equal(again, stored) {
			t.Fatalf("row %x opens but seals to %x", stored, again)
		}
	})
}

func FuzzKeyFields(f *testing.F) {
	f.Add("a", "b")
	f.Add("\x00", "\x01")
	f.Fuzz(func(t *testing.T, a, b string) {
		in := table.F(table.K(table.Orders).Str(a).Str(b))
		if gotA, gotB := in.Str(), in.Str(); gotA != a || gotB != b || len(in) != 0 {
			t.Fatalf("%q, %q read back as %q, %q", a, b, gotA, gotB)
		}
	})
}
