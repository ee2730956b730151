package view_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// orderCreate is the command number that opens orders in these tests, boxOpen
// one that opens entities of another kind.
const (
	orderCreate = 15
	boxOpen     = 17
	boxes       = pb.Kind(4001)
)

// kinds are as rules would declare them: two that are listed, one that is not.
var kinds = []catalogue.Kind{
	{Number: pb.Kind_KIND_ORDER, Name: "order", Listed: []catalogue.Number{orderCreate}},
	{Number: pb.Kind_KIND_REFUND, Name: "refund"},
	{Number: boxes, Name: "box", Listed: []catalogue.Number{boxOpen}, Tells: boxTells},
	{Number: boxes + 1, Name: "desk", Parts: []string{"drawer"}, TellsMerchant: deskTells},
}

// deskTells: what is done at the desk 7 concerns the shop.
func deskTells(_ table.Reader, _ catalogue.Number, id uint64, _ []byte) string {
	if id != 7 {
		return ""
	}
	return "1900000001"
}

// boxTells: an opened box concerns whoever its name names.
func boxTells(_ table.Reader, by catalogue.Number, _ uint64, name []byte) uint64 {
	if by != boxOpen {
		return 0
	}
	return person.NamedIn(name)
}

// state is a Source in memory: a journal and its head.
type state struct {
	mem *table.Mem

	mu      sync.Mutex
	entries []*pb.Entry
	changed chan struct{}
}

func newState() *state { return &state{mem: table.NewMem(), changed: make(chan struct{})} }

// Read implements view.Source.
func (s *state) ReadLocal(ctx context.Context, f func(table.Reader) error) error {
	return f(s.mem.Snapshot())
}

// Changed implements view.Source.
func (s *state) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// append journals entries in one frame; their seqs are filled in.
func (s *state) append(tb testing.TB, entries ...*pb.Entry) {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	writes := make([]table.Write, 0, len(entries)+1)
	put := func(key []byte, rec table.Record) {
		writes = append(writes, table.Write{Key: key, Stored: table.Seal(nil, key, table.Encode(rec))})
	}
	for _, e := range entries {
		e.Seq = uint64(len(s.entries))
		s.entries = append(s.entries, e)
		put(table.K(table.Journal).U64(e.Seq), e)
	}
	put(table.K(table.Head), &pb.Head{JournalSize: uint64(len(s.entries))})
	if err := s.mem.Commit(writes); err != nil {
		tb.Fatal(err)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

func open(tb testing.TB, dir string, fs vfs.FS, opt view.Options) *view.Views {
	tb.Helper()
	opt.FS, opt.Kinds = fs, kinds
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if opt.Fatal == nil {
		opt.Fatal = func(err error) { tb.Errorf("fatal: %v", err) }
	}
	v, err := view.Open(dir, opt)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// tb is what rapid.T and testing.T have in common.
type tb interface {
	Helper()
	Fatalf(format string, args ...any)
}

// build runs passes until there is nothing more.
func build(t tb, v *view.Views, s view.Source) {
	t.Helper()
	for range 100_000 {
		more, err := v.RunOnce(context.Background(), s)
		if err != nil {
			t.Fatalf("RunOnce: %v", err)
		}
		if !more {
			return
		}
	}
	t.Fatalf("RunOnce finds more without end")
}

// agrees fails when the views answer anything that the entries don't say.
func agrees(t tb, v *view.Views, entries []*pb.Entry) {
	t.Helper()
	if v.Next() != uint64(len(entries)) || v.Lag() != 0 {
		t.Fatalf("views include %d of %d entries, lag %d", v.Next(), len(entries), v.Lag())
	}
	if err := differs(v, entries); err != nil {
		t.Fatalf("%v", err)
	}
}

// differs compares everything the views answer with what the entries say. The
// error is the first difference, or a view.ErrUnavailable.
func differs(v *view.Views, entries []*pb.Entry) error {
	m := newModel(entries)
	for account, want := range m.lines {
		got, err := v.History(account.name, account.currency, 0, math.MaxInt)
		if err != nil || !slices.EqualFunc(got, want, func(a, b *pb.HistoryLine) bool { return proto.Equal(a, b) }) {
			return fmt.Errorf("history of %v has %d lines, %w; want %d: %v", account, len(got), err, len(want), firstDifference(got, want))
		}
		for i := 0; i < len(want); i += 1 + len(want)/3 {
			if err := errors.Join(m.balance(v, account, want[i].At), m.balance(v, account, want[i].At-1)); err != nil {
				return err
			}
		}
	}
	for entity, want := range m.steps {
		if got, err := v.Steps(entity, 0, math.MaxInt); err != nil || !slices.Equal(got, want) {
			return fmt.Errorf("steps of %s = %v, %w; want %v", entity, got, err, want)
		}
	}
	for of, want := range m.lists {
		if got, err := v.List(of.kind, of.owner, view.Mark{}, math.MaxInt); err != nil || !slices.Equal(got, want) {
			return fmt.Errorf("list of %v = %v, %w; want %v", of, got, err, want)
		}
	}
	return nil
}

func firstDifference(got, want []*pb.HistoryLine) string {
	for i := range want {
		if i == len(got) || !proto.Equal(got[i], want[i]) {
			return fmt.Sprintf("line %d should be %v", i, want[i])
		}
	}
	return "lines too many"
}

type account struct {
	name     string
	currency uint32
}

// model is the slow second builder: plain lists.
type model struct {
	lines map[account][]*pb.HistoryLine // newest first
	steps map[string][]uint64
	lists map[list][]view.Mark // newest first
}

type list struct {
	kind  pb.Kind
	owner string
}

func newModel(entries []*pb.Entry) *model {
	m := &model{map[account][]*pb.HistoryLine{}, map[string][]uint64{}, map[list][]view.Mark{}}
	known := map[string]bool{}
	for _, e := range entries {
		if e.Entity != "" {
			m.steps[e.Entity] = append(m.steps[e.Entity], e.Seq)
		}
		for _, k := range kinds {
			var id uint64
			n, _ := fmt.Sscanf(e.Entity, k.Name+"/%d", &id)
			owner, _, named := strings.Cut(e.Name, "/")
			if n == 1 && named && slices.Contains(k.Listed, catalogue.Number(e.Number)) && !known[e.Entity] {
				known[e.Entity] = true
				of := list{k.Number, owner}
				m.lists[of] = append([]view.Mark{{At: e.At, ID: id}}, m.lists[of]...)
			}
		}
		for _, p := range e.Postings {
			m.line(e, p, p.Debit, p.Credit, -p.Amount)
			m.line(e, p, p.Credit, p.Debit, p.Amount)
		}
	}
	return m
}

func (m *model) line(e *pb.Entry, p *pb.Posting, name, counter string, amount int64) {
	a := account{name, p.Currency}
	m.lines[a] = append([]*pb.HistoryLine{{
		Seq: e.Seq, At: e.At, Code: p.Code, Amount: amount, Counter: counter, Entity: e.Entity,
	}}, m.lines[a]...)
}

func (m *model) balance(v *view.Views, a account, at int64) error {
	var debits, credits int64
	for _, l := range m.lines[a] {
		switch {
		case l.At > at:
		case l.Amount < 0:
			debits -= l.Amount
		default:
			credits += l.Amount
		}
	}
	gotD, gotC, err := v.BalanceAt(a.name, a.currency, at)
	if err != nil || gotD != debits || gotC != credits {
		return fmt.Errorf("balance of %v at %d = %d, %d, %w; want %d, %d", a, at, gotD, gotC, err, debits, credits)
	}
	return nil
}

// sample returns entries of a small busy day: orders, payments, refunds,
// batches, some hours apart.
func sample(n int) []*pb.Entry {
	var entries []*pb.Entry
	at := int64(1_767_225_600_000)
	order := uint64(0)
	for i := range n {
		at += int64(i*i%7) * 1000
		if i%50 == 49 {
			at += 3 * int64(time.Hour/time.Millisecond) / 2
		}
		mchid := fmt.Sprintf("190000000%d", i%3)
		e := &pb.Entry{At: at, Number: 16, Index: uint64(i), CommandHash: make([]byte, 32), Actor: "cashier"}
		switch i % 5 {
		case 0:
			order++
			e.Number, e.Entity, e.Name = orderCreate, fmt.Sprintf("order/%d", order), fmt.Sprintf("%s/T%d", mchid, order)
		case 1, 2:
			e.Entity = fmt.Sprintf("order/%d", order)
			e.Postings = []*pb.Posting{pay(fmt.Sprintf("user/%d/balance", i%11), "mch/"+mchid+"/pending", int64(i)+1)}
		case 3: // a repeated prepay
			e.Number, e.Entity, e.Name = orderCreate, fmt.Sprintf("order/%d", order), fmt.Sprintf("%s/T%d", mchid, order)
		case 4:
			e.Entity = fmt.Sprintf("batch/b%d", i)
			for j := range i % 40 {
				e.Postings = append(e.Postings, pay("bank/one/clearing", fmt.Sprintf("user/%d/balance", j%4), int64(j)+1))
			}
		}
		entries = append(entries, e)
	}
	return entries
}

func pay(debit, credit string, amount int64) *pb.Posting {
	return &pb.Posting{Code: pb.PostingCode_POSTING_CODE_PAYMENT, Debit: debit, Credit: credit, Amount: amount, Currency: 156}
}
