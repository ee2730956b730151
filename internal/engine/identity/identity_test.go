package identity_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/engine/identity"
)

func TestNewDrawsFromTheReader(t *testing.T) {
	t.Parallel()
	random := strings.NewReader("\x00\x00\x00\x00\x00\x00\x00\x01" + strings.Repeat("\x00", 8) + // a zero is drawn again
		"\x00\x00\x00\x00\x00\x00\x00\x02" + "\x00\x00\x00\x00\x00\x00\x00\x03")
	id, err := identity.New(random)
	if want := (identity.Identity{ClusterID: 1, RaftID: 2, Incarnation: 3}); err != nil || id != want {
		t.Fatalf("drew %+v (%v), want %+v", id, err, want)
	}
	if _, err := identity.New(random); !errors.Is(err, io.EOF) {
		t.Fatalf("without randomness: %v", err)
	}
}

func TestStoredForm(t *testing.T) {
	t.Parallel()
	id := identity.Identity{ClusterID: 1, RaftID: 2, Incarnation: 1<<64 - 1}
	b := id.Append(nil)
	const want = "hfi1" + "\x00\x00\x00\x00\x00\x00\x00\x01" + "\x00\x00\x00\x00\x00\x00\x00\x02" + "\xff\xff\xff\xff\xff\xff\xff\xff"
	if len(b) != identity.Size || string(b[:28]) != want {
		t.Fatalf("stored as %q", b)
	}
	if got, err := identity.Parse(b); err != nil || got != id {
		t.Fatalf("read back %+v (%v)", got, err)
	}
	for i := range len(b) * 8 {
		bad := bytes.Clone(b)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := identity.Parse(bad); !errors.Is(err, identity.ErrDamaged) {
			t.Errorf("bit %d flipped: %v", i, err)
		}
	}
	for n := range b {
		if _, err := identity.Parse(b[:n]); !errors.Is(err, identity.ErrDamaged) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
	if _, err := identity.Parse(identity.Identity{ClusterID: 1}.Append(nil)); !errors.Is(err, identity.ErrDamaged) {
		t.Errorf("an identity with zeros: %v", err)
	}
	if !(identity.Identity{}).IsZero() || id.IsZero() {
		t.Error("IsZero is wrong")
	}
}
