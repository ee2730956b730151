package keystore

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/engine/pki"
)

// oldContents is what a binary before LayoutLevel reads, strictly.
type oldContents struct {
	Generation uint64        `json:"generation"`
	LogName    string        `json:"log_name"`
	CreatedAt  int64         `json:"created_at"`
	APIv3      []apiv3Key    `json:"apiv3"`
	Root       pki.Pair      `json:"root"`
	Platform   []platformKey `json:"platform"`
	Public     publicKey     `json:"public"`
	Checkpoint checkpointKey `json:"checkpoint"`
	Inner      pki.Pair      `json:"inner"`
	AdminToken string        `json:"admin_token"`
}

func readAsOld(data []byte) (*oldContents, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	c := new(oldContents)
	return c, d.Decode(c)
}

// freshStore is a keystore on disk of contents that change nothing of ours.
func freshStore(t *testing.T) *Store {
	t.Helper()
	data, err := ourStore().Export()
	if err != nil {
		t.Fatal(err)
	}
	s, err := CreateFrom(filepath.Join(t.TempDir(), "data"), Options{}, data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func exported(t *testing.T, s *Store) []byte {
	t.Helper()
	data, err := s.Export()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Below its level nothing of the second layout is written: an older binary reads
// every file and everything that is given to it. From the level on it refuses
// them, in words that say why, instead of losing what it does not know.
func TestOlderBinaryReadsWhatIsWrittenBelowTheLevel(t *testing.T) {
	t.Parallel()
	s := freshStore(t)
	if err := s.AtLevel(LayoutLevel - 1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutAPIv3Key("1900000001", NewAPIv3Key(), 7); err != nil {
		t.Fatal(err)
	}
	if err := s.RotateAdminToken(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutSecret("bank", "icbc", []byte("x")); !errors.Is(err, ErrLayout) {
		t.Errorf("a secret below the level: %v", err)
	}
	if err := s.RemoveSecret(KindAPIv3, "any"); !errors.Is(err, ErrLayout) {
		t.Errorf("a removal below the level: %v", err)
	}
	old, err := readAsOld(exported(t, s))
	if err != nil || len(old.APIv3) != 1 || !bytes.Equal(old.Inner.Key, s.current.Load().contents.Inner.Key) || !bytes.Equal(old.Root.Key, s.current.Load().contents.Root.Key) {
		t.Fatalf("the older binary: %v", err)
	}
	generation := s.Generation()
	for range 2 {
		if err := s.AtLevel(LayoutLevel); err != nil {
			t.Fatal(err)
		}
	}
	if s.Generation() != generation {
		t.Error("the layout alone made a new generation")
	}
	if _, err := readAsOld(exported(t, s)); err == nil || !strings.Contains(err.Error(), "unknown field") {
		t.Errorf("the older binary reads the second layout: %v", err)
	}
}

// What the second layout holds survives another process, a joining node, and
// binaries that do not know the kind.
func TestSecretsOfAnyKindAreKeptAndPassedOn(t *testing.T) {
	t.Parallel()
	s := freshStore(t)
	if err := s.AtLevel(LayoutLevel); err != nil {
		t.Fatal(err)
	}
	id, err := s.PutSecret("of a later version", "somebody", []byte{0, 1, 255})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RotateAdminToken(); err != nil { // writes all of it again
		t.Fatal(err)
	}
	other, err := CreateFrom(filepath.Join(t.TempDir(), "data"), Options{}, exported(t, s))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(other.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []*Store{s, other, again} {
		if data, ok := k.Secret("of a later version", id); !ok || !bytes.Equal(data, []byte{0, 1, 255}) {
			t.Errorf("it has %v %v", data, ok)
		}
		if got := k.current.Load().contents.Secrets; len(got) != 1 || got[0].Owner != "somebody" {
			t.Errorf("it keeps %d, whose owner is %+v", len(got), got)
		}
	}
	if _, ok := s.Secret("another kind", id); ok {
		t.Error("a secret has two kinds")
	}
	for _, kind := range []string{"", KindAPIv3} {
		if _, err := s.PutSecret(kind, "", nil); err == nil {
			t.Errorf("a secret of kind %q", kind)
		}
	}
}

// A node that comes back with what was removed meanwhile does not bring it back.
func TestRemovedSecretsStayRemoved(t *testing.T) {
	t.Parallel()
	s := freshStore(t)
	if err := s.AtLevel(LayoutLevel); err != nil {
		t.Fatal(err)
	}
	bank, err := s.PutSecret("bank", "icbc", []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	apiv3, err := s.PutAPIv3Key("1900000001", NewAPIv3Key(), 7)
	if err != nil {
		t.Fatal(err)
	}
	before := exported(t, s)
	for range 2 { // the second time nothing is new
		if err := errors.Join(s.RemoveSecret("bank", bank), s.RemoveSecret(KindAPIv3, apiv3)); err != nil {
			t.Fatal(err)
		}
	}
	generation := s.Generation()
	if err := s.Import(before); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Secret("bank", bank); ok {
		t.Error("the bank's key is back")
	}
	if _, ok := s.APIv3Key(apiv3); ok {
		t.Error("the merchant's key is back")
	}
	if s.Generation() != generation {
		t.Errorf("generation %d, was %d", s.Generation(), generation)
	}
}

// TestMergeIsALattice: merging does not depend on order or grouping, and merging
// again changes nothing; nobody's generation goes back.
func TestMergeIsALattice(t *testing.T) {
	t.Parallel()
	base := ourStore().current.Load().contents
	certs := certificates(t, base)
	rapid.Check(t, func(r *rapid.T) {
		a, b, c := drawContents(r, base, certs), drawContents(r, base, certs), drawContents(r, base, certs)
		ab := merge(a, b)
		if !same(ab, merge(b, a)) {
			r.Fatal("it depends on the order")
		}
		if x, y := merge(ab, c), merge(a, merge(b, c)); !x.holdsAs(y) || x.AdminTokenAt != y.AdminTokenAt {
			r.Fatalf("it depends on the grouping:\n%+v\n%+v", x, y)
		}
		for _, x := range []*contents{a, b} {
			switch again := merge(ab, x); {
			case !same(again, ab):
				r.Fatal("merging again changes it")
			case ab.Generation < x.Generation, ab.Generation == x.Generation && !ab.holdsAs(x):
				r.Fatalf("generation %d of what is not generation %d's", ab.Generation, x.Generation)
			}
		}
		if !same(merge(a, a), a.ordered()) {
			r.Fatal("merged with itself it is another")
		}
	})
}

func same(a, b *contents) bool {
	x, _ := json.Marshal(a.ordered())
	y, _ := json.Marshal(b.ordered())
	return bytes.Equal(x, y)
}

// certificates are some that one platform had, all with one key.
func certificates(t *testing.T, c *contents) (list []platformKey) {
	root, err := pki.NewIssuer(c.Root)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := newRSAKeys(1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		k, err := newPlatformKey(root, keys[0], time.UnixMilli(c.CreatedAt+int64(i)*1000))
		if err != nil {
			t.Fatal(err)
		}
		k.ListedFrom, k.SignsFrom = c.CreatedAt+int64(i), c.CreatedAt+int64(i/2)*1000
		list = append(list, k)
	}
	return list
}

// drawContents is what some node of the platform may have, in the second layout.
func drawContents(r *rapid.T, base *contents, certs []platformKey) *contents {
	c := base.clone()
	c.raise()
	c.Generation = rapid.Uint64Range(1, 4).Draw(r, "generation")
	c.AdminTokenAt = rapid.Uint64Range(1, c.Generation).Draw(r, "token at")
	c.AdminToken = rapid.SampledFrom([]string{"t1", "t2", "t3"}).Draw(r, "token")
	some := func(what string) []int {
		return rapid.SliceOfNDistinct(rapid.IntRange(0, 3), 0, 4, rapid.ID).Draw(r, what)
	}
	for _, i := range some("certificates") {
		c.Platform = append(c.Platform, certs[i])
	}
	for _, i := range some("apiv3") {
		c.APIv3 = append(c.APIv3, apiv3Key{ID: string(rune('a' + i)), Mchid: "1900000001", CreatedAt: int64(i / 2)})
	}
	for _, i := range some("secrets") {
		c.Secrets = append(c.Secrets, secret{name: name{"kind", string(rune('a' + i))}, Data: []byte{byte(i)}})
	}
	for _, kind := range []string{KindAPIv3, "kind"} {
		for _, i := range some("removed") {
			c.Removed = append(c.Removed, name{kind, string(rune('a' + i))})
		}
	}
	return c
}

// FuzzDecodeContents: whatever is given, contents are read whole, so that writing
// them again loses nothing, or refused.
func FuzzDecodeContents(f *testing.F) {
	small := &contents{Generation: 3, LogName: "x", Layout: layoutSecrets, AdminTokenAt: 2,
		Secrets: []secret{{name{"k", "1"}, "o", []byte{1}}}, Removed: []name{{"k", "2"}}}
	for _, c := range []*contents{small, {Generation: 1, LogName: "x"}, {Layout: 3}, {Layout: 1}, {AdminTokenAt: 4}} {
		data, err := json.Marshal(c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"generation":1,"secret_of_tomorrow":"x"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := decodeContents(slices.Clone(data))
		if err != nil {
			return
		}
		written, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeContents(slices.Clone(written))
		if err != nil {
			t.Fatalf("what was read cannot be read again: %v\n%s", err, written)
		}
		twice, _ := json.Marshal(again)
		if !bytes.Equal(twice, written) {
			t.Errorf("it is another when read again:\n%s\n%s", written, twice)
		}
	})
}
