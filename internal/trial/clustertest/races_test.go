//go:build linux

package clustertest

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/trial/proctest"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// races is a cluster on which many want one thing at once, through the API of all its
// nodes.
type races struct {
	*testing.T
	dev    *proctest.Dev
	places []proctest.Place
	web    *http.Client
	calls  int // of each race
}

// racer is somebody with a device, and a client for each node.
type racer struct {
	name string
	at   []*walletclient.Client
}

// inFlight is how many calls of one device are on their way at once: its counter allows
// 64 to come out of order.
const inFlight = 48

// Many calls for one thing, over three nodes: on a packet, a payer's code, the answer to a
// transfer and a PIN there is one outcome, sums are exact, and nobody gains a try.
func TestRacesOverNodes(t *testing.T) {
	t.Parallel()
	calls, err := strconv.Atoi(cmp.Or(os.Getenv("HOLDFAST_RACES"), "100"))
	if err != nil {
		t.Fatal(err)
	}
	r := &races{T: t, dev: proctest.StartDev(t, proctest.Build(t), "--nodes", "3"), calls: calls}
	r.web = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 400, MaxConnsPerHost: 400}}
	r.places = proctest.Places(t, r.dev.Dir)
	var people []*racer
	for i := range 8 {
		people = append(people, r.enrol(i))
	}
	r.packet(people)
	r.payCode(people[0])
	r.answer(people[1], people[2])
	r.pin(people[3])
	whole(t, r.dev.Dir, r.places)
	r.dev.Stop(t)
	for _, p := range r.places {
		proctest.Verify(t, r.dev.Bin, filepath.Join(r.dev.Dir, p.Name))
	}
}

// racerHas is what everybody has at first, fen.
const racerHas = 100_00

// enrol enters somebody with money and has them enrol a device.
func (r *races) enrol(i int) *racer {
	r.Helper()
	phone := fmt.Sprintf("+86139222200%02d", i)
	p := &racer{name: fmt.Sprintf("Racer %c", 'A'+i)}
	add := &pb.AdminPersonAddRequest{Ref: p.name, Name: p.name, Phone: phone, Topup: racerHas}
	if _, err := office(r.T, r.dev.Dir, r.dev.Sandbox).PersonAdd(r.Context(), connect.NewRequest(add)); err != nil {
		r.Fatal(err)
	}
	device, err := walletclient.NewMemory()
	if err != nil {
		r.Fatal(err)
	}
	for i := range r.places {
		p.at = append(p.at, walletclient.New(device, walletclient.Options{URLs: []string{"http://" + r.places[i].Wallet}, HTTP: r.web, Lang: "en", Patience: time.Minute}))
	}
	if _, err := p.at[0].SendCode(r.Context(), &walletclient.SendCodeRequest{Phone: phone, ClientId: walletclient.NewID()}); err != nil {
		r.Fatal(err)
	}
	q := &walletclient.EnrolRequest{Phone: phone, Label: "race"}
	if q.PublicKey, err = device.PublicKey(); err != nil {
		r.Fatal(err)
	}
	sent := regexp.MustCompile(regexp.QuoteMeta(phone) + `: (\d{6})\n`)
	proctest.WaitFor(r.T, time.Minute, "a code for "+phone, func() bool {
		text, _ := os.ReadFile(filepath.Join(r.dev.Dir, "codes.txt"))
		if m := sent.FindSubmatch(text); m != nil {
			q.Code = string(m[1])
		}
		return q.Code != ""
	})
	if _, err := p.at[0].Enrol(r.Context(), q); err != nil {
		r.Fatal(err)
	}
	return p
}

// volley makes so many calls, at most so many at once, and waits for all of them.
func volley(calls, atOnce int, call func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(calls, atOnce) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range next {
				call(i)
			}
		}()
	}
	for i := range calls {
		next <- i
	}
	close(next)
	wg.Wait()
}

// random are 16 bytes.
func random() []byte {
	b := make([]byte, 16)
	rand.Read(b)
	return b
}

// tally counts outcomes by name; ok is its own.
type tally struct {
	mu sync.Mutex
	of map[string]int
}

func (l *tally) add(outcome string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[string]int{}
	}
	l.of[outcome]++
}

// outcome names what became of a call.
func outcome(err error) string {
	var e *walletclient.Error
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &e) && e.Code != "":
		return e.Code
	}
	if c, ok := rpc.CodeOf(err); ok {
		return c.String()
	}
	return err.Error()
}

func (r *races) balance(p *racer, node int) int64 {
	r.Helper()
	v, err := p.at[node].ShowWallet(r.Context(), &walletclient.ShowWalletRequest{})
	if err != nil {
		r.Fatal(err)
	}
	return v.Balance
}

// balances holds what every node says that people have.
func (r *races) balances(what string, want map[*racer]int64) {
	r.Helper()
	for p, fen := range want { // order does not matter
		for i, place := range r.places {
			if got := r.balance(p, i); got != fen {
				r.Errorf("%s: %s says that %s has %d fen, not %d", what, place.Name, p.name, got, fen)
			}
		}
	}
}

// packet has everybody grab shares of one packet again and again. There are fewer shares
// than people.
func (r *races) packet(people []*racer) {
	r.Helper()
	const count, total = 5, 7_77
	thrower := people[len(people)-1]
	p, err := thrower.at[0].ThrowPacket(r.Context(), &walletclient.ThrowPacketRequest{ClientId: walletclient.NewID(), Count: count, Total: total, Lucky: true})
	if err != nil {
		r.Fatal(err)
	}
	var outcomes tally
	var mu sync.Mutex
	mine := map[*racer]int64{}
	began := time.Now()
	volley(r.calls, inFlight*len(people), func(i int) {
		who := people[i%len(people)]
		v, err := who.at[i/len(people)%len(who.at)].OpenPacket(r.Context(), &walletclient.OpenPacketRequest{Link: p.Link, Nonce: random()})
		outcomes.add(outcome(err))
		if err != nil || v.Mine == 0 {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if had := mine[who]; had != 0 && had != v.Mine {
			r.Errorf("%s was told of a share of %d and of one of %d", who.name, had, v.Mine)
		}
		mine[who] = v.Mine
	})
	sum := int64(0)
	want := map[*racer]int64{}
	for _, who := range people {
		sum += mine[who]
		want[who] = racerHas + mine[who]
	}
	want[thrower] -= total
	r.Logf("packet: %d calls in %s: %v; %d got shares, of %d fen", r.calls, time.Since(began).Round(time.Millisecond), outcomes.of, len(mine), sum)
	if len(mine) != count || sum != total {
		r.Errorf("%d people have %d fen of a packet of %d shares of %d fen", len(mine), sum, count, total)
	}
	r.balances("after the packet", want)
}

// payCode has a till read one shown code again and again: half of the time for one
// order, and otherwise for another each time.
func (r *races) payCode(payer *racer) {
	r.Helper()
	const fen = 3_00
	before := r.balance(payer, 0)
	c := openCounter(r.T, r.dev.Dir, r.dev.Sandbox, r.web)
	codes, err := payer.at[0].RenewPayCodes(r.Context(), nil)
	if err != nil {
		r.Fatal(err)
	}
	shown, err := codes.Next(time.Now())
	if err != nil {
		r.Fatal(err)
	}
	var outcomes, paid tally
	began := time.Now()
	volley(r.calls, r.calls, func(i int) {
		id := "same"
		if i%2 == 1 {
			id = fmt.Sprintf("other-%d", i)
		}
		o, err := c.charge(i, id, shown, fen)
		outcomes.add(outcome(err))
		if err == nil && o.State == "success" {
			paid.add(o.TransactionId)
		}
	})
	r.Logf("pay code: %d calls in %s: %v; paid %v", r.calls, time.Since(began).Round(time.Millisecond), outcomes.of, paid.of)
	if len(paid.of) != 1 {
		r.Errorf("one code paid %d times: %v", len(paid.of), paid.of)
	}
	r.balances("after the code", map[*racer]int64{payer: before - fen})
}

// answer has the payee of one transfer accept and decline it again and again.
func (r *races) answer(payer, payee *racer) {
	r.Helper()
	const fen = 2_50
	payerHad, payeeHad := r.balance(payer, 0), r.balance(payee, 0)
	found, err := payer.at[0].FindPayee(r.Context(), &walletclient.FindPayeeRequest{Phone: "+8613922220002"})
	if err != nil {
		r.Fatal(err)
	}
	sent, err := payer.at[0].Transfer(r.Context(), &walletclient.TransferRequest{Payee: found.Payee, Amount: fen, ClientId: walletclient.NewID(), Accept: true})
	if err != nil || sent.State != "waiting" {
		r.Fatal(sent, err)
	}
	var outcomes, states tally
	began := time.Now()
	volley(r.calls, inFlight, func(i int) {
		t, err := payee.at[i%len(payee.at)].AnswerTransfer(r.Context(), &walletclient.AnswerTransferRequest{Transfer: sent.Transfer, Accept: i%2 == 0})
		outcomes.add(outcome(err))
		if err == nil {
			states.add(t.State)
		}
	})
	r.Logf("answer: %d calls in %s: %v; states %v", r.calls, time.Since(began).Round(time.Millisecond), outcomes.of, states.of)
	switch {
	case len(states.of) != 1:
		r.Errorf("one transfer has the outcomes %v", states.of)
	case states.of["done"] > 0:
		r.balances("after it was accepted", map[*racer]int64{payer: payerHad - fen, payee: payeeHad + fen})
	default:
		r.balances("after it was declined", map[*racer]int64{payer: payerHad, payee: payeeHad})
	}
}

// pin has somebody guess a PIN at all nodes at once: five guesses are compared, however
// many are made, and then the right one is not either.
func (r *races) pin(p *racer) {
	r.Helper()
	const right, tries = "481516", 5
	if _, err := p.at[0].SetPin(r.Context(), &walletclient.SetPinRequest{Pin: right, Blind: random()}); err != nil {
		r.Fatal(err)
	}
	var outcomes tally
	began := time.Now()
	volley(r.calls, inFlight, func(i int) {
		_, err := p.at[i%len(p.at)].CheckPin(r.Context(), &walletclient.CheckPinRequest{Pin: fmt.Sprintf("%06d", i)})
		outcomes.add(outcome(err))
	})
	r.Logf("PIN: %d guesses in %s: %v", r.calls, time.Since(began).Round(time.Millisecond), outcomes.of)
	if n := outcomes.of["pin_wrong"]; n != tries || n+outcomes.of["pin_locked"] != r.calls {
		r.Errorf("%d guesses of %d were compared: %v", n, r.calls, outcomes.of)
	}
	for i := range p.at {
		if _, err := p.at[i].CheckPin(r.Context(), &walletclient.CheckPinRequest{Pin: right}); outcome(err) != "pin_locked" {
			r.Errorf("the right PIN after that: %v", err)
		}
	}
}
