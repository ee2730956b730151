package keyring

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// wrapping is a keystore with some keys, the first of which is current.
type wrapping []string

func (w wrapping) Current() (string, []byte, error) {
	key, _ := w.Key(w[0])
	return w[0], key, nil
}

func (w wrapping) Key(id string) ([]byte, bool) {
	for _, own := range w {
		if own == id {
			return []byte(id), true // 32 characters
		}
	}
	return nil, false
}

const first, second = "000102030405060708090a0b0c0d0e0f", "ffeeddccbbaa99887766554433221100"

func open(t *testing.T, fs vfs.FS, w Wrapping) *Ring {
	t.Helper()
	r, err := Open(Options{FS: fs, Dir: "", Wrapping: w, Now: func() time.Time { return time.UnixMilli(1_780_000_000_000) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func ids(list []*pb.DataKey) (names []string) {
	for _, k := range list {
		names = append(names, hex.EncodeToString(k.Id))
	}
	return names
}

func mint(t *testing.T, r *Ring, n int) []*pb.DataKey {
	t.Helper()
	list, err := r.Mint(n)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// catchUp has r take over what it lacks from a peer, as nodes do.
func catchUp(t *testing.T, r, from *Ring) {
	t.Helper()
	walk := r.Walk()
	for req := walk.Next(); req != nil; req = walk.Next() {
		a, err := from.Answer(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := walk.Take(a); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, fs vfs.FS) []byte {
	t.Helper()
	f, err := fs.Open(FileName)
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

func TestKeysAreKept(t *testing.T) {
	fs := vfs.NewMem()
	r := open(t, fs, wrapping{first})
	list := mint(t, r, 3)
	keys := map[string][]byte{}
	for _, id := range ids(list) {
		key, err := r.Get(id)
		if err != nil || len(key) != KeySize || bytes.Contains(read(t, fs), key) {
			t.Fatalf("key %s: %x, %v; or it lies in clear", id, key, err)
		}
		keys[id] = key
	}
	if err := r.Put(list); err != nil || len(read(t, fs)) != 3*slotSize {
		t.Fatalf("put again: %v, %d bytes", err, len(read(t, fs)))
	}
	r = open(t, fs, wrapping{second, first}) // another key is current now
	for id, want := range keys {
		if key, err := r.Get(id); err != nil || !bytes.Equal(key, want) {
			t.Errorf("after a restart %s is %x, %v", id, key, err)
		}
	}
	if _, err := r.Get(second); !errors.Is(err, ErrNone) {
		t.Errorf("a key nobody minted: %v", err)
	}
	if _, err := open(t, fs, wrapping{second}).Get(ids(list)[0]); !errors.Is(err, ErrWrapping) {
		t.Errorf("without the wrapping key: %v", err)
	}
}

// TestDeletedKeysStayDeleted: nothing of a deleted key is in the file, and neither
// a restart nor a peer that was away brings it back.
func TestDeletedKeysStayDeleted(t *testing.T) {
	fs := vfs.NewMem()
	r, away := open(t, fs, wrapping{first}), open(t, vfs.NewMem(), wrapping{first})
	list := mint(t, r, 4)
	catchUp(t, away, r)
	id := ids(list)[1]
	if err := r.Delete(id, second); err != nil {
		t.Fatal(err)
	}
	if b := read(t, fs); bytes.Contains(b, list[1].Wrapped) || bytes.Contains(b, list[1].Wrapped[:16]) || !bytes.Contains(b, list[1].Id) {
		t.Error("the deleted key is in the file, or its name is not")
	}
	for range 2 {
		catchUp(t, r, away)
		if err := r.Put(list); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Get(id); !errors.Is(err, ErrGone) {
			t.Fatalf("the deleted key: %v", err)
		}
		r = open(t, fs, wrapping{first})
	}
	catchUp(t, away, r)
	if _, err := away.Get(id); !errors.Is(err, ErrGone) {
		t.Errorf("at the peer the deleted key: %v", err)
	}
	if !bytes.Equal(away.Sums(), r.Sums()) {
		t.Error("the two differ after they exchanged all")
	}
	if keys, gone, _ := away.Counts(); keys != 3 || gone != 2 {
		t.Errorf("the peer has %d keys and %d marks", keys, gone)
	}
}

// TestEveryFlippedBit: a bit that flips anywhere in the file is noticed, and a peer
// heals it: no key comes out as another, and none that was deleted comes back.
func TestEveryFlippedBit(t *testing.T) {
	fs := vfs.NewMem()
	r, peer := open(t, fs, wrapping{first}), open(t, vfs.NewMem(), wrapping{first})
	names := ids(mint(t, r, 3))
	catchUp(t, peer, r)
	if err := errors.Join(r.Delete(names[2]), peer.Delete(names[2])); err != nil {
		t.Fatal(err)
	}
	want, _ := peer.Get(names[0])
	whole := read(t, fs)
	for at := range whole {
		for _, running := range []bool{false, true} {
			fs := vfs.NewMem()
			write(t, fs, whole)
			r := open(t, fs, wrapping{first})
			flip(t, fs, int64(at), whole[at]^1<<(at%8))
			if running {
				if bad, err := r.Check(); err != nil || len(bad) != 1 {
					t.Fatalf("byte %d: a check finds %v, %v", at, bad, err)
				}
			} else if r = open(t, fs, wrapping{first}); r.damaged != 1 {
				t.Fatalf("byte %d: %d damaged slots", at, r.damaged)
			}
			catchUp(t, r, peer)
			key, err := r.Get(names[0])
			_, gone := r.Get(names[2])
			if err != nil || !bytes.Equal(key, want) || !errors.Is(gone, ErrGone) || len(read(t, fs)) != len(whole) {
				t.Fatalf("byte %d: after healing %x, %v; the deleted one %v", at, key, err, gone)
			}
		}
	}
}

func write(t *testing.T, fs vfs.FS, b []byte) {
	t.Helper()
	f, err := fs.Create(FileName, vfs.WriteCategoryUnspecified)
	if err == nil {
		_, err = f.Write(bytes.Clone(b))
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func flip(t *testing.T, fs vfs.FS, at int64, b byte) {
	t.Helper()
	f, err := fs.OpenReadWrite(FileName, vfs.WriteCategoryUnspecified)
	if err == nil {
		_, err = f.WriteAt([]byte{b}, at)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestKeysThatDoNotOpenAreRefused: a peer can't have a node keep what it can't read.
func TestKeysThatDoNotOpenAreRefused(t *testing.T) {
	r, other := open(t, vfs.NewMem(), wrapping{first}), open(t, vfs.NewMem(), wrapping{second})
	list := mint(t, other, 1)
	if err := r.Put(list); !errors.Is(err, ErrWrapping) {
		t.Errorf("wrapped under a key that is not here: %v", err)
	}
	moved := mint(t, open(t, vfs.NewMem(), wrapping{first}), 1)[0]
	moved.MintedAt++
	var d *Damage
	if err := r.Put([]*pb.DataKey{moved}); !errors.As(err, &d) {
		t.Errorf("altered: %v", err)
	}
	for _, k := range []*pb.DataKey{nil, {}, {Id: make([]byte, 16)}, {Id: make([]byte, 15), Gone: true}} {
		if r.Put([]*pb.DataKey{k}) == nil {
			t.Errorf("malformed, and kept: %v", k)
		}
	}
	if keys, gone, _ := r.Counts(); keys+gone != 0 {
		t.Errorf("it keeps %d keys", keys+gone)
	}
}

// TestPowerCuts: what was put is there after a power cut, what was deleted is not,
// and what was under way at the cut harms neither.
func TestPowerCuts(t *testing.T) {
	for seed := range uint64(200) {
		draw := rand.New(rand.NewPCG(seed, 1))
		fs := vfs.NewCrashableMem()
		r := open(t, fs, wrapping{first})
		kept, gone := map[string]bool{}, map[string]bool{}
		for range 1 + draw.IntN(20) {
			for _, id := range ids(mint(t, r, 1+draw.IntN(3))) {
				kept[id] = true
			}
			for id := range kept {
				if draw.IntN(4) == 0 {
					if err := r.Delete(id); err != nil {
						t.Fatal(err)
					}
					delete(kept, id)
					gone[id] = true
				}
				break
			}
		}
		// One more is being written when the power fails.
		late, err := r.mint()
		if err != nil {
			t.Fatal(err)
		}
		if err := r.place(late); err != nil {
			t.Fatal(err)
		}
		r = open(t, fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: draw.IntN(101), RNG: draw}), wrapping{first})
		for id := range kept {
			if _, err := r.Get(id); err != nil {
				t.Fatalf("seed %d: key %s: %v", seed, id, err)
			}
		}
		for id := range gone {
			if _, err := r.Get(id); !errors.Is(err, ErrGone) {
				t.Fatalf("seed %d: deleted key %s: %v", seed, id, err)
			}
		}
	}
}

func TestReadOnly(t *testing.T) {
	fs := vfs.NewMem()
	at := func() *Ring {
		r, err := Open(Options{FS: fs, Wrapping: wrapping{first}, Now: time.Now, ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if _, err := at().Get(first); !errors.Is(err, ErrNone) {
		t.Errorf("without a file: %v", err)
	}
	id := ids(mint(t, open(t, fs, wrapping{first}), 1))[0]
	r := at()
	if _, err := r.Get(id); err != nil {
		t.Error(err)
	}
	if err := errors.Join(r.Delete(id), r.Close()); err == nil {
		t.Error("a keyring opened for reading was written to")
	}
}
