package personal_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/personal"
	"github.com/holdfast-pay/holdfast/internal/engine/keyring"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// house is a platform with one node's keyring.
type house struct {
	*testing.T
	core    *edgetest.Core
	secrets *edgetest.Secrets
	ring    *keyring.Ring
	sealer  *personal.Sealer
	// commands are all that were applied, as the log has them.
	commands [][]byte
}

func newHouse(t *testing.T, level uint32) *house {
	h := &house{T: t, core: edgetest.NewAt(t, true, level), secrets: edgetest.NewSecrets()}
	h.core.Break(func(c *pb.Command) (bool, error) {
		h.commands = append(h.commands, table.Encode(c))
		return true, nil
	})
	h.ring = edgetest.Ring(t, h.secrets)
	h.sealer = h.another()
	return h
}

// another is a Sealer as another process on the node would have it.
func (h *house) another() *personal.Sealer {
	return personal.New(personal.Config{Core: h.core, Secrets: h.secrets, Ring: h.ring, Mint: edgetest.Mint(h.ring)})
}

func (h *house) enter(want code.Code, ref string, d *pb.Details, appids ...string) *pb.Person {
	h.Helper()
	p, out, err := h.sealer.Enter(h.Context(), h.core, "test", "", personal.Newcomer{Ref: ref, Details: d, Appids: appids})
	if err != nil || out != want {
		h.Fatalf("%s: %s, %v", ref, out, err)
	}
	return p
}

// said says whether any command says a word.
func (h *house) said(word string) bool {
	for _, c := range h.commands {
		if bytes.Contains(c, []byte(word)) {
			return true
		}
	}
	return false
}

func ming() *pb.Details {
	return &pb.Details{Name: "王小明", Phone: "+8613800000001", Email: "ming@example.com"}
}

// TestEnterSealed: what a person said enters no command and no row in clear, and
// comes out again by the keyring alone.
func TestEnterSealed(t *testing.T) {
	h := newHouse(t, 5)
	p := h.enter(code.OK, "ming", ming(), edgetest.Appid)
	for _, word := range []string{"王小明", "13800000001", "ming@example.com"} {
		if h.said(word) || bytes.Contains(table.Encode(p), []byte(word)) {
			t.Errorf("%q is in a command or in the row", word)
		}
	}
	if shown := h.another().Of(p); shown != (personal.Shown{Name: "王小明", Phone: "+8613800000001", Email: "ming@example.com"}) {
		t.Errorf("shown is %+v", shown)
	}
	tag, err := h.another().PhoneTag(t.Context(), "+8613800000001")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.core.Read(func(r table.Reader) error {
		if by, ok := person.ByPhone(r, tag); !ok || by.Uid != p.Uid {
			t.Error("the phone number does not find the person")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestEnterAgain: a repeat is the same person and draws no key; other details are
// refused.
func TestEnterAgain(t *testing.T) {
	h := newHouse(t, 5)
	first := h.enter(code.OK, "ming", ming())
	keys, _, _ := h.ring.Counts()
	h.sealer = h.another()
	if p := h.enter(code.OK, "ming", ming()); p.Uid != first.Uid || !bytes.Equal(p.Details.Box, first.Details.Box) {
		t.Error("a repeat is another person, or was sealed anew")
	}
	for _, other := range []*pb.Details{{Name: "王小明"}, {Name: "Ming", Phone: "+8613800000001", Email: "ming@example.com"}} {
		h.enter(code.PersonExists, "ming", other)
	}
	if now, _, _ := h.ring.Counts(); now != keys {
		t.Errorf("repeats drew %d keys", now-keys)
	}
	h.enter(code.PhoneTaken, "hua", &pb.Details{Name: "Hua", Phone: "+8613800000001"})
	h.enter(code.NameInvalid, "lan", &pb.Details{})
	h.enter(code.NameInvalid, "lan", &pb.Details{Name: strings.Repeat("兰", 128)})
}

// racer lets somebody else enter the person just before the command arrives.
type racer struct {
	*house
	first func()
}

func (r *racer) Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error) {
	if r.first != nil {
		r.first()
		r.first = nil
	}
	return r.core.Do(ctx, cmd)
}

func (r *racer) ReadLatest(ctx context.Context, f func(table.Reader) error) error {
	return r.core.ReadLatest(ctx, f)
}

// TestSomebodyWasFaster: of two who enter one person at once one wins, and what the
// other sealed can't be read any more.
func TestSomebodyWasFaster(t *testing.T) {
	h := newHouse(t, 5)
	var winner *pb.Person
	r := &racer{house: h, first: func() {
		h.sealer = h.another()
		winner = h.enter(code.OK, "ming", ming())
	}}
	p, out, err := h.sealer.Enter(t.Context(), r, "test", "", personal.Newcomer{Ref: "ming", Details: ming()})
	if err != nil || out != code.OK || p.Details.KeyId != winner.Details.KeyId {
		t.Fatalf("the slower one got %v, %s, %v", p, out, err)
	}
	if _, gone, _ := h.ring.Counts(); gone != 1 {
		t.Errorf("%d keys were deleted", gone)
	}
	// A repeat that is refused for its form leaves the person's key alone.
	h.enter(code.AppidInvalid, "ming", ming(), "no appid")
	if h.sealer.Name(winner) != "王小明" {
		t.Errorf("now the name is %s", h.sealer.Name(winner))
	}
}

// TestBelowTheLevel: below level 5 people enter in clear; above it they are sealed
// one by one, and go on as they were.
func TestBelowTheLevel(t *testing.T) {
	h := newHouse(t, 4)
	old := h.enter(code.OK, "ming", &pb.Details{Name: "王小明"}, edgetest.Appid)
	if old.Name != "王小明" || h.sealer.Name(old) != "王小明" {
		t.Fatalf("below the level the row says %q", old.Name)
	}
	h.core.Must(catalogue.SetLevel, &pb.SetLevel{Level: 5})
	h.commands = nil
	now, err := h.sealer.SealRow(t.Context(), "node/sealer", old)
	if err != nil || now.Name != "" || h.sealer.Name(now) != "王小明" || now.Uid != old.Uid || len(now.Openids) != 1 {
		t.Fatalf("%v; the row is %v", err, now)
	}
	if h.said("王小明") {
		t.Error("a command says the name")
	}
	if p := h.enter(code.OK, "ming", &pb.Details{Name: "王小明"}, edgetest.Appid); p.Uid != old.Uid {
		t.Error("a repeat of the add is another person")
	}
	keys, gone, _ := h.ring.Counts()
	var refused *code.Error
	if _, err := h.sealer.SealRow(t.Context(), "node/sealer", &pb.Person{Uid: old.Uid, Name: "Other", Salt: old.Salt}); !errors.As(err, &refused) || refused.Code != code.PersonChanged {
		t.Errorf("a row that changed: %v", err)
	}
	if k, g, _ := h.ring.Counts(); k != keys-1 || g != gone+1 {
		t.Errorf("the key of what was not taken is still there: %d keys, %d gone", k, g)
	}
}

// TestWhatIsMissingIsSaid: a node that can't open details says why.
func TestWhatIsMissingIsSaid(t *testing.T) {
	h := newHouse(t, 5)
	p := h.enter(code.OK, "ming", ming())
	if shown := (*personal.Sealer)(nil).Of(p); shown.Missing != personal.MissingRing {
		t.Errorf("without a keyring: %+v", shown)
	}
	away := edgetest.Sealer(t, h.core)
	if shown := away.Of(p); shown.Missing != personal.MissingKey || away.Name(p) != "("+personal.MissingKey+")" {
		t.Errorf("a node without the key: %+v", shown)
	}
	moved := &pb.Person{Uid: 2, Details: &pb.Sealed{KeyId: p.Details.KeyId, Box: bytes.Clone(p.Details.Box)}}
	moved.Details.Box[len(moved.Details.Box)-1] ^= 1
	if shown := h.sealer.Of(moved); shown.Missing != personal.MissingBox {
		t.Errorf("an altered box: %+v", shown)
	}
	if err := h.ring.Delete(p.Details.KeyId); err != nil {
		t.Fatal(err)
	}
	if shown := h.sealer.Of(p); shown.Missing != personal.MissingErased {
		t.Errorf("a deleted key: %+v", shown)
	}
}

// TestHashesNeedTheKeystore: a node that lacks the key of the hashes says so, and
// makes none under another key.
func TestHashesNeedTheKeystore(t *testing.T) {
	h := newHouse(t, 5)
	h.enter(code.OK, "ming", ming())
	if _, err := edgetest.Sealer(t, h.core).PhoneTag(t.Context(), "+8613800000001"); !errors.Is(err, personal.ErrNotYet) {
		t.Errorf("without the key: %v", err)
	}
}

func TestMintFails(t *testing.T) {
	h := newHouse(t, 5)
	away := errors.New("no majority")
	s := personal.New(personal.Config{Core: h.core, Secrets: h.secrets, Ring: h.ring, Mint: func(context.Context, int) ([]string, error) { return nil, away }})
	if _, err := s.Seal(t.Context(), ming()); !errors.Is(err, away) {
		t.Errorf("sealed without a majority: %v", err)
	}
}

// TestOldKeysAreNotUsed: keys that were drawn together and not used for an hour are left
// to be swept.
func TestOldKeysAreNotUsed(t *testing.T) {
	h := newHouse(t, 5)
	wall := time.Now()
	s := personal.New(personal.Config{Core: h.core, Secrets: h.secrets, Ring: h.ring, Mint: edgetest.Mint(h.ring), Wall: func() time.Time { return wall }})
	seal := func() (keys int) {
		t.Helper()
		x, err := s.Seal(t.Context(), ming())
		if err != nil {
			t.Fatal(err)
		}
		if until := s.Until(x); until.Sub(wall) < 10*time.Hour || until.Sub(wall) > 13*time.Hour {
			t.Errorf("it may be named until %s", until)
		}
		keys, _, _ = h.ring.Counts()
		return keys
	}
	first := seal()
	wall = wall.Add(59 * time.Minute)
	if got := seal(); got != first {
		t.Errorf("within the hour %d more keys were drawn", got-first)
	}
	wall = wall.Add(2 * time.Minute)
	if _, err := s.Seal(t.Context(), ming()); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := h.ring.Counts(); got == first {
		t.Error("a key of more than an hour was used")
	}
}

func TestPhone(t *testing.T) {
	for typed, want := range map[string]string{
		"13800000001": "+8613800000001", "138 0000-0001": "+8613800000001", "+8613800000001": "+8613800000001", "008613800000001": "+8613800000001",
		"+15551234567": "+15551234567", "": "", "1380000000": "", "+": "", "+0123456789": "", "+86138000000a1": "", "+1234567890123456": "", "1380000000１": "",
	} {
		if got, ok := personal.Phone(typed); got != want || ok != (want != "") {
			t.Errorf("%q is %q, %v; want %q", typed, got, ok, want)
		}
	}
}

// TestMemos: both who may read a memo can, nobody else, and the other still can when
// one of them was erased.
func TestMemos(t *testing.T) {
	h := newHouse(t, 5)
	ming, hua, lan := h.enter(code.OK, "ming", ming()), h.enter(code.OK, "hua", &pb.Details{Name: "Hua"}), h.enter(code.OK, "lan", &pb.Details{Name: "Lan"})
	memo, err := h.sealer.SealMemo(t.Context(), "还你的饭钱", ming, hua)
	if err != nil || !person.ValidSealed(memo) || bytes.Contains(memo.Box, []byte("饭钱")) {
		t.Fatalf("%v; %v", err, memo)
	}
	again, err := h.another().SealMemo(t.Context(), "还你的饭钱", ming, hua)
	if err != nil || !bytes.Equal(again.Hash, memo.Hash) || bytes.Equal(again.Box, memo.Box) {
		t.Errorf("sealed again: %v; its hash or its bytes are wrong", err)
	}
	for _, p := range []*pb.Person{ming, hua} {
		if text, err := h.another().OpenMemo(memo, p); err != nil || text != "还你的饭钱" {
			t.Errorf("%s reads %q, %v", p.Ref, text, err)
		}
	}
	if _, err := h.sealer.OpenMemo(memo, lan); !errors.Is(err, keyring.ErrNone) {
		t.Errorf("somebody else: %v", err)
	}
	if err := h.ring.Delete(ming.Details.KeyId); err != nil {
		t.Fatal(err)
	}
	if _, err := h.sealer.OpenMemo(memo, ming); !errors.Is(err, keyring.ErrGone) {
		t.Errorf("who was erased: %v", err)
	}
	if text, err := h.sealer.OpenMemo(memo, hua); err != nil || text != "还你的饭钱" {
		t.Errorf("the other then reads %q, %v", text, err)
	}
	for at := range memo.Box {
		broken := &pb.Sealed{KeyId: memo.KeyId, Box: bytes.Clone(memo.Box)}
		broken.Box[at] ^= 1
		if text, err := h.sealer.OpenMemo(broken, hua); err == nil && text != "还你的饭钱" {
			t.Fatalf("with byte %d altered it says %q", at, text)
		}
	}
	if _, err := h.sealer.SealMemo(t.Context(), "nobody", &pb.Person{}); !errors.Is(err, personal.ErrNoReader) {
		t.Errorf("for nobody: %v", err)
	}
}

// What others see of a name is its last character, also from memory; nothing of who
// was erased, and nothing is remembered of a name that could not be opened.
func TestMasked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 5)
	p := h.enter(code.OK, "ming", &pb.Details{Name: "王小明"})
	stranger := personal.New(personal.Config{Core: h.core, Secrets: h.secrets, Ring: edgetest.Ring(t, edgetest.NewSecrets())})
	if got := stranger.Masked(p); got != "" {
		t.Errorf("a node without the key shows %q", got)
	}
	for range 2 {
		if got := h.sealer.Masked(p); got != "**明" {
			t.Errorf("masked is %q", got)
		}
	}
	if err := h.ring.Delete(p.Details.KeyId); err != nil {
		t.Fatal(err)
	}
	p.ErasedAt = 1
	if got := h.sealer.Masked(p); got != "" {
		t.Errorf("somebody erased shows %q", got)
	}
}
