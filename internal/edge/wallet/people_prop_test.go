package wallet_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"testing"

	"connectrpc.com/connect"
	"pgregory.net/rapid"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
)

// lookedAt are views that note whose accounts were looked at.
type lookedAt struct {
	noViews
	mu       sync.Mutex
	accounts []string
}

func (l *lookedAt) History(account string, _ uint32, _ uint64, _ int) ([]*pb.HistoryLine, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accounts = append(l.accounts, account)
	return nil, nil
}

// town is a model of people who do what people do, with books of its own: what each
// has, what waits between them, what is in packets, what the shop took.
type town struct {
	*rapid.T
	b       *bank
	people  []*phone
	has     []int64
	shop    int64
	waiting []*waiting
	packets []*pocket
	acts    int
}

// waiting is a transfer, and whether it waits to be accepted.
type waiting struct {
	id           uint64
	payer, payee int
	fen          int64
	open         bool
}

// pocket is a red packet.
type pocket struct {
	id      uint64
	link    string
	thrower int
	left    int64
	open    bool
	took    map[int]bool
}

const purse int64 = 1_000_00

// However people pay, give, accept, decline, throw and grab, repeat themselves and meddle
// with what is not theirs: each has what the model says, on the fen, and nobody is told
// anything of what others do between them.
func TestPeopleInTown(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w := &town{T: r, b: open(t)}
		for i := range 4 {
			w.people = append(w.people, w.b.enrolled(fmt.Sprintf("+86138000002%02d", i), purse))
			w.has = append(w.has, purse)
		}
		r.Repeat(map[string]func(*rapid.T){
			"pay":     func(r *rapid.T) { w.T = r; w.pay() },
			"give":    func(r *rapid.T) { w.T = r; w.give() },
			"answer":  func(r *rapid.T) { w.T = r; w.answer() },
			"throw":   func(r *rapid.T) { w.T = r; w.throw() },
			"grab":    func(r *rapid.T) { w.T = r; w.grab() },
			"meddle":  func(r *rapid.T) { w.T = r; w.meddle() },
			"a day":   func(r *rapid.T) { w.T = r; w.day() },
			"":        func(r *rapid.T) { w.T = r; w.count() },
			"a bill?": func(r *rapid.T) { w.T = r; w.bills() },
		})
	})
}

func (w *town) who(label string) int { return rapid.IntRange(0, len(w.people)-1).Draw(w.T, label) }

// id is the identity of a new act; time passes between two of them.
func (w *town) id() string {
	w.acts++
	w.b.core.Sleep(61_000)
	return fmt.Sprintf("act-%d", w.acts)
}

// try makes a call, and often again, as after a lost answer: both come to the same. nil
// is what was refused, and then nothing happened.
func try[Q, A any](w *town, f func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), q *Q, same func(a, b *A) bool) *A {
	a, err := f(context.Background(), connect.NewRequest(q))
	if err != nil {
		if _, named := rpc.CodeOf(err); !named {
			w.Fatalf("%T: %v, which names no outcome", q, err)
		}
		return nil
	}
	if rapid.Bool().Draw(w.T, "again") {
		if again, err := f(context.Background(), connect.NewRequest(q)); err != nil || !same(a.Msg, again.Msg) {
			w.Fatalf("%T was answered %v, and again %v (%v)", q, a.Msg, again, err)
		}
	}
	return a.Msg
}

func (w *town) pay() {
	id, who, fen := w.id(), w.who("payer"), rapid.Int64Range(1, 50_00).Draw(w.T, "price")
	o := w.b.order("TOWN-"+id, fen)
	q := &pb.PayRequest{Code: o.PrepayId, ClientId: id}
	if try(w, w.people[who].Pay, q, func(a, b *pb.Payment) bool { return a.TransactionId == b.TransactionId }) == nil {
		return
	}
	w.has[who] -= fen
	w.shop += fen
	w.refused("pay what another has paid", asked(w.people[(who+1)%len(w.people)].Pay, q))
}

func (w *town) give() {
	id, from, to := w.id(), w.who("payer"), w.who("payee")
	fen, accept := rapid.Int64Range(1, 50_00).Draw(w.T, "amount"), rapid.Bool().Draw(w.T, "accept")
	found, err := w.people[from].FindPayee(context.Background(), connect.NewRequest(&pb.FindPayeeRequest{Phone: w.people[to].number}))
	if err != nil {
		return // looked up too many
	}
	q := &pb.TransferRequest{Payee: found.Msg.Payee, Amount: fen, ClientId: id, Accept: accept}
	a := try(w, w.people[from].Transfer, q, func(a, b *pb.TransferView) bool { return a.Transfer == b.Transfer })
	if a == nil {
		return
	}
	if from == to {
		w.Fatalf("%d gave money to themselves: %v", from, a)
	}
	w.has[from] -= fen
	if !accept {
		w.has[to] += fen
	}
	w.waiting = append(w.waiting, &waiting{a.Transfer, from, to, fen, accept})
}

// anyTransfer draws one of those there are, or nil.
func (w *town) anyTransfer() *waiting {
	if len(w.waiting) == 0 {
		return nil
	}
	return w.waiting[rapid.IntRange(0, len(w.waiting)-1).Draw(w.T, "transfer")]
}

func (w *town) answer() {
	t, accept := w.anyTransfer(), rapid.Bool().Draw(w.T, "yes")
	if t == nil {
		return
	}
	w.id()
	a := try(w, w.people[t.payee].AnswerTransfer, &pb.AnswerTransferRequest{Transfer: t.id, Accept: accept}, func(a, b *pb.TransferView) bool { return a.State == b.State })
	if a == nil || !t.open {
		return
	}
	t.open = false
	if accept {
		w.has[t.payee] += t.fen
	} else {
		w.has[t.payer] += t.fen
	}
}

func (w *town) throw() {
	id, who := w.id(), w.who("thrower")
	count := rapid.Uint32Range(1, 5).Draw(w.T, "shares")
	fen, lucky := rapid.Int64Range(1, 20_00).Draw(w.T, "inside"), rapid.Bool().Draw(w.T, "lucky")
	q := &pb.ThrowPacketRequest{ClientId: id, Count: count, Total: fen, Lucky: lucky}
	if a := try(w, w.people[who].ThrowPacket, q, func(a, b *pb.PacketView) bool { return a.Packet == b.Packet && a.Link == b.Link }); a != nil {
		if fen < int64(count) {
			w.Fatalf("%d shares of %d fen", count, fen)
		}
		w.has[who] -= fen
		w.packets = append(w.packets, &pocket{a.Packet, a.Link, who, fen, true, map[int]bool{}})
	}
}

func (w *town) anyPacket() *pocket {
	if len(w.packets) == 0 {
		return nil
	}
	return w.packets[rapid.IntRange(0, len(w.packets)-1).Draw(w.T, "packet")]
}

func (w *town) grab() {
	p, who := w.anyPacket(), w.who("grabber")
	if p == nil {
		return
	}
	w.id()
	q := &pb.OpenPacketRequest{Link: p.link, Nonce: make([]byte, 16)}
	rand.Read(q.Nonce)
	a := try(w, w.people[who].OpenPacket, q, func(a, b *pb.PacketView) bool { return a.Mine == b.Mine })
	if a == nil || p.took[who] {
		return
	}
	if a.Mine < 1 || a.Mine > p.left || !p.open {
		w.Fatalf("%d took %d of %d fen from a packet whose being open is %v", who, a.Mine, p.left, p.open)
	}
	p.took[who] = true
	p.left -= a.Mine
	w.has[who] += a.Mine
}

// meddle asks for what others do between them.
func (w *town) meddle() {
	w.id()
	stranger := w.who("stranger")
	if t := w.anyTransfer(); t != nil && stranger != t.payer && stranger != t.payee {
		p := w.people[stranger]
		w.nothing("show a transfer", asked(p.ShowTransfer, &pb.ShowTransferRequest{Transfer: t.id}), code.TransferNotFound)
		w.nothing("answer a transfer", asked(p.AnswerTransfer, &pb.AnswerTransferRequest{Transfer: t.id, Accept: true}), code.TransferNotFound)
	}
	if t := w.anyTransfer(); t != nil {
		w.refused("accept one's own transfer", asked(w.people[t.payer].AnswerTransfer, &pb.AnswerTransferRequest{Transfer: t.id, Accept: true}))
	}
	if k := w.anyPacket(); k != nil && stranger != k.thrower {
		p, number := w.people[stranger], fmt.Sprint(k.id)
		_, token, _ := strings.Cut(k.link, ".")
		for _, link := range []string{number, number + ".", number + "." + strings.Repeat("0", len(token))} {
			w.nothing("show a packet", asked(p.ShowPacket, &pb.ShowPacketRequest{Link: link}), code.PacketNotFound)
			w.nothing("open a packet", asked(p.OpenPacket, &pb.OpenPacketRequest{Link: link, Nonce: make([]byte, 16)}), code.PacketNotFound)
		}
	}
}

// asked is what a call comes to.
func asked[Q, A any](f func(context.Context, *connect.Request[Q]) (*connect.Response[A], error), q *Q) error {
	_, err := f(context.Background(), connect.NewRequest(q))
	return err
}

// nothing: the call tells as much as if there were no such thing.
func (w *town) nothing(doing string, err error, want code.Code) {
	if got, _ := rpc.CodeOf(err); err == nil || got != want {
		w.Fatalf("a stranger may %s: %v, not %s", doing, err, want)
	}
}

func (w *town) refused(doing string, err error) {
	if err == nil {
		w.Fatalf("somebody may %s", doing)
	}
}

// day lets a day pass: what waits comes back, and what is left in packets.
func (w *town) day() {
	w.b.core.Sleep(packet.Life + 60_000)
	if a, err := w.b.core.Do(context.Background(), catalogue.NewCommand(catalogue.Tick, "test", "", &pb.Tick{})); err != nil || a.Code != code.OK && a.Code != code.NothingToDo {
		w.Fatalf("tick: %v, %v", a.Code, err)
	}
	for _, t := range w.waiting {
		if t.open {
			t.open = false
			w.has[t.payer] += t.fen
		}
	}
	for _, p := range w.packets {
		p.open = false
		w.has[p.thrower] += p.left
		p.left = 0
	}
}

// bills looks at somebody's bills: no other account is looked at.
func (w *town) bills() {
	who := w.who("reader")
	must(w.b.t, w.people[who].ListBills, &pb.ListBillsRequest{})
	w.b.views.mu.Lock()
	defer w.b.views.mu.Unlock()
	own := ledger.UserBalance(w.b.uid(w.people[who]))
	for _, account := range w.b.views.accounts {
		if account != own {
			w.Fatalf("the bills of %s looked at %s", own, account)
		}
	}
	w.b.views.accounts = nil
}

// count holds what people have against the model's books.
func (w *town) count() {
	total := w.shop
	for i, p := range w.people {
		got := must(w.b.t, p.ShowWallet, &pb.ShowWalletRequest{}).Balance
		if got != w.has[i] {
			w.Fatalf("person %d has %d fen, not %d", i, got, w.has[i])
		}
		total += got
	}
	for _, t := range w.waiting {
		if t.open {
			total += t.fen
		}
	}
	for _, p := range w.packets {
		total += p.left
	}
	if total != purse*int64(len(w.people)) {
		w.Fatalf("there are %d fen, not %d", total, purse*int64(len(w.people)))
	}
}
