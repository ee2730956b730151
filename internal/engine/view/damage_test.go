package view_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/engine/view"
)

// One bit flipped, a file cut or a file gone, anywhere in the folder: the views
// give right answers or none, and are whole again after the next pass.
//
//test:cases
func TestDamageIsRebuilt(t *testing.T) {
	t.Parallel()
	s, fs := newState(), vfs.NewCrashableMem()
	s.append(t, sample(120)...)
	v := open(t, "views", fs, view.Options{SlicePostings: 100})
	build(t, v, s)
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	all := vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 2))}
	files, err := fs.List("views")
	if err != nil {
		t.Fatal(err)
	}
	kinds, rebuilt := map[string]bool{}, 0
	for _, name := range files {
		path := "views/" + name
		whole := readAll(t, fs, path)
		for _, damage := range damages(whole) {
			clone := fs.CrashClone(all)
			if damage == nil {
				if err := clone.Remove(path); err != nil {
					t.Fatal(err)
				}
			} else {
				writeAll(t, clone, path, damage)
			}
			v := open(t, "views", clone, view.Options{SlicePostings: 100})
			next := v.Next()
			if next != 0 && next != 120 {
				t.Fatalf("%s damaged: views are at %d", name, next)
			}
			if next > 0 {
				if err := differs(v, s.entries); err != nil && !errors.Is(err, view.ErrUnavailable) {
					t.Fatalf("%s damaged: wrong answer: %v", name, err)
				}
			}
			build(t, v, s)
			agrees(t, v, s.entries)
			if next == 0 {
				rebuilt++
			}
			if err := v.Close(); err != nil {
				t.Fatal(err)
			}
		}
		kinds[strings.Trim(name, "0123456789.-")] = true
	}
	if rebuilt == 0 || !kinds["sst"] || !kinds["MANIFEST"] {
		t.Errorf("%d rebuilds over %v: the damage was not felt", rebuilt, kinds)
	}
}

// damages returns variants of a file's bytes; nil stands for its removal.
func damages(whole []byte) [][]byte {
	out := [][]byte{nil, {}}
	for i := range 6 {
		if len(whole) == 0 {
			break
		}
		flipped := append([]byte(nil), whole...)
		flipped[i*(len(whole)-1)/5] ^= 1 << (i % 8)
		out = append(out, flipped)
	}
	return append(out, whole[:len(whole)/2])
}

func readAll(t *testing.T, fs vfs.FS, path string) []byte {
	t.Helper()
	f, err := fs.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeAll(t *testing.T, fs vfs.FS, path string, data []byte) {
	t.Helper()
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}
