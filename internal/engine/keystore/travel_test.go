package keystore_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
)

func export(t *testing.T, s *keystore.Store) []byte {
	t.Helper()
	data, err := s.Export()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// joined is a keystore of a node that has joined s's.
func joined(t *testing.T, s *keystore.Store) *keystore.Store {
	t.Helper()
	other, err := keystore.CreateFrom(filepath.Join(t.TempDir(), "data"), keystore.Options{}, export(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return other
}

func put(t *testing.T, s *keystore.Store, mchid string) (id string) {
	t.Helper()
	id, err := s.PutAPIv3Key(mchid, keystore.NewAPIv3Key(), born)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestJoinedKeystoreIsTheSame(t *testing.T) {
	t.Parallel()
	first := open(t, copied(t))
	dir, master := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "sealed", "master.key")
	data := export(t, first)
	second, err := keystore.CreateFrom(dir, keystore.Options{MasterKey: master}, data)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, make([]byte, len(data))) {
		t.Error("the keys are still in the buffer they came in")
	}
	again, err := keystore.Open(dir, keystore.Options{MasterKey: master})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*keystore.Store{second, again} {
		if !bytes.Equal(export(t, s), export(t, first)) {
			t.Error("the contents differ")
		}
	}
	if _, err := keystore.CreateFrom(dir, keystore.Options{MasterKey: master}, export(t, first)); !errors.Is(err, keystore.ErrExists) {
		t.Errorf("a second time: %v", err)
	}
	// A token made by one is believed by the other.
	text, _, err := first.Cluster().NewJoinToken(time.UnixMilli(born), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Cluster().VerifyJoinToken(text, time.UnixMilli(born), func(string) bool { return false }); err != nil {
		t.Error(err)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	first := open(t, copied(t))
	second := joined(t, first)
	id := put(t, first, "1900000002")
	serial, err := first.RotatePlatform(born, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it changes nothing
		if err := second.Import(export(t, first)); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := second.APIv3Key(id); !ok || second.SigningCert(born).ID() != serial || second.Generation() != first.Generation() {
		t.Errorf("key %v, signing %s, generation %d", ok, second.SigningCert(born).ID(), second.Generation())
	}
	if err := first.Import(export(t, open(t, copied(t)))); err != nil { // an older one
		t.Fatal(err)
	}
	if !bytes.Equal(export(t, first), export(t, second)) {
		t.Error("older contents changed newer ones")
	}
}

// Two nodes that each kept a key the other lacks end with both, whichever asks
// first, and whatever their generations.
func TestImportLosesNoKey(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]int{"one generation": 0, "different generations": 3} {
		first := open(t, copied(t))
		second := joined(t, first)
		ids := []string{put(t, first, "1900000002"), put(t, second, "1900000003")}
		for range more {
			ids = append(ids, put(t, second, "1900000004"))
		}
		serial, err := first.RotatePlatform(born, 0)
		if err != nil {
			t.Fatal(err)
		}
		before := max(first.Generation(), second.Generation())
		fromFirst, fromSecond := export(t, first), export(t, second)
		if err := errors.Join(first.Import(fromSecond), second.Import(fromFirst)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(export(t, first), export(t, second)) {
			t.Errorf("%s: the two differ", name)
		}
		if got := first.Generation(); got != before+1 {
			t.Errorf("%s: generation %d, want %d", name, got, before+1)
		}
		for _, s := range []*keystore.Store{first, second} {
			for _, id := range ids {
				if _, ok := s.APIv3Key(id); !ok {
					t.Errorf("%s: key %s was lost", name, id)
				}
			}
			if s.SigningCert(born).ID() != serial {
				t.Errorf("%s: the rotation was lost", name)
			}
		}
	}
}

// Two rotations made apart: both certificates stay, and only one stays listed.
func TestImportMergesRotations(t *testing.T) {
	t.Parallel()
	first := open(t, copied(t))
	second := joined(t, first)
	for i, s := range []*keystore.Store{first, second} {
		if _, err := s.RotatePlatform(born+int64(i), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := second.Import(export(t, first)); err != nil {
		t.Fatal(err)
	}
	if n := len(second.PlatformCerts(born + hour/60)); n != 3 {
		t.Errorf("%d certificates are listed in the overlap", n)
	}
	if n := len(second.PlatformCerts(born + hour)); n != 1 {
		t.Errorf("%d certificates are listed after it", n)
	}
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	s := open(t, copied(t))
	other, err := keystore.Create(t.TempDir(), keystore.Options{LogName: log, At: born})
	if err != nil {
		t.Fatal(err)
	}
	put(t, other, mchid) // a higher generation doesn't help
	put(t, other, mchid)
	good := export(t, s)
	before := export(t, s)
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"another platform": {export(t, other), "another platform"},
		"nothing":          {nil, "another version"},
		"half":             {good[:len(good)/2], "another version"},
		"two":              {append(bytes.Clone(good), good...), "more than one"},
		"a later program":  {bytes.Replace(bytes.Clone(good), []byte(`{`), []byte(`{"new":1,`), 1), "another version"},
		"no generation":    {bytes.Replace(bytes.Clone(good), []byte(`"generation":2`), []byte(`"generation":0`), 1), "not whole"},
		"a damaged key":    {bytes.Replace(bytes.Clone(good), []byte(`"inner":{"cert":"MII`), []byte(`"inner":{"cert":"AAA`), 1), "inner CA"},
	} {
		if bytes.Equal(c.data, before) {
			t.Fatalf("%s: nothing was altered", name)
		}
		if err := s.Import(c.data); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	if !bytes.Equal(export(t, s), before) {
		t.Error("a refusal changed the keystore")
	}
	readOnly, err := keystore.Open(copied(t), keystore.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := readOnly.Import(export(t, s)); !errors.Is(err, keystore.ErrReadOnly) {
		t.Errorf("read-only: %v", err)
	}
}

// No change is answered before the others have it, and one that was kept but not
// given away goes first.
func TestOnChange(t *testing.T) {
	t.Parallel()
	s := open(t, copied(t))
	peer := joined(t, s)
	away := errors.New("no majority answers")
	var fail error
	s.OnChange(func(generation uint64) error {
		if fail != nil {
			return fail
		}
		if generation != s.Generation() {
			t.Errorf("called for %d at %d", generation, s.Generation())
		}
		return peer.Import(export(t, s))
	})
	key := keystore.NewAPIv3Key()
	id, err := s.PutAPIv3Key("1900000002", key, born)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := peer.APIv3Key(id); !ok {
		t.Fatal("the peer lacks the key")
	}
	fail = away
	if _, err := s.PutAPIv3Key("1900000003", key, born); !errors.Is(err, away) {
		t.Errorf("a change that was not given away: %v", err)
	}
	// Now the key is kept here: naming it again must not pass either.
	if _, err := s.PutAPIv3Key("1900000003", key, born); !errors.Is(err, away) {
		t.Errorf("the same once more: %v", err)
	}
	if err := s.RotateAdminToken(); !errors.Is(err, away) {
		t.Errorf("another change: %v", err)
	}
	fail = nil
	id, err = s.PutAPIv3Key("1900000003", key, born)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := peer.APIv3Key(id); !ok || peer.Generation() != s.Generation() {
		t.Errorf("the peer has the key: %v; generation %d of %d", ok, peer.Generation(), s.Generation())
	}
}

// Two nodes that give each other their changes at once don't wait for each other.
func TestOnChangeBothWays(t *testing.T) {
	t.Parallel()
	first := open(t, copied(t))
	second := joined(t, first)
	give := func(from, to *keystore.Store) {
		from.OnChange(func(uint64) error { return to.Import(export(t, from)) })
	}
	give(first, second)
	give(second, first)
	var wg sync.WaitGroup
	for i, s := range []*keystore.Store{first, second} {
		wg.Go(func() {
			for range 5 {
				if _, err := s.PutAPIv3Key([]string{"1900000002", "1900000003"}[i], keystore.NewAPIv3Key(), born); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(first.Import(export(t, second)), second.Import(export(t, first))); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(export(t, first), export(t, second)) {
		t.Error("the two differ")
	}
}
