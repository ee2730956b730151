package snapshot

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

func someMarker(t testing.TB) marker {
	t.Helper()
	conf, err := proto.Marshal(&raftpb.ConfState{Voters: []uint64{1}})
	if err != nil {
		t.Fatal(err)
	}
	return marker{dropViews: true, manifest: &pb.SnapshotManifest{Index: 9, Term: 2, From: 1, Conf: conf, Members: &pb.Members{Index: 3},
		Files: []*pb.SnapshotFile{{Name: "MANIFEST-000001", Size: 5, Sha256: make([]byte, sha256.Size)}}}}
}

// Every flipped bit and every cut is noticed.
func TestDamagedMarkers(t *testing.T) {
	t.Parallel()
	m := someMarker(t)
	b, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := decodeMarker(b)
	if err != nil || !back.dropViews || !proto.Equal(back.manifest, m.manifest) {
		t.Fatalf("it reads back as %v: %v", back, err)
	}
	for i := range len(b) * 8 {
		flipped := bytes.Clone(b)
		flipped[i/8] ^= 1 << (i % 8)
		if _, err := decodeMarker(flipped); err == nil {
			t.Errorf("bit %d is flipped and nobody notices", i)
		}
	}
	for n := range b {
		if _, err := decodeMarker(b[:n]); err == nil {
			t.Errorf("cut at %d and nobody notices", n)
		}
	}
}

// FuzzMarker reads anything: what it takes is a manifest that passes, and is
// written again as the same bytes' meaning.
func FuzzMarker(f *testing.F) {
	b, err := someMarker(f).encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(markerMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := decodeMarker(data)
		if err != nil {
			return
		}
		if err := check(m.manifest); err != nil {
			t.Fatal(err)
		}
		again, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodeMarker(again)
		if err != nil || back.dropViews != m.dropViews || !proto.Equal(back.manifest, m.manifest) {
			t.Fatalf("%v reads back as %v: %v", m, back, err)
		}
	})
}
