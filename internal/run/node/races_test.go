package node

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// tries is how many calls race for one thing, runners how many people make them.
const (
	tries   = 1000
	runners = 50
)

// field is a cluster with people who race each other through its wallet API.
type field struct {
	*trio
	people []*runner
}

// runner is somebody with a device.
type runner struct {
	uid    uint64
	number string
	device walletclient.Device
	// at are clients that begin with the first node, the second, the third.
	at [3]*walletclient.Client
}

// race is what came of many calls made at once: how many came to each outcome, "" for
// those that did what was asked.
type race map[string]int

// newField has everybody enrol and gives each some money.
func newField(t *testing.T) *field {
	t.Helper()
	f := &field{trio: newTrio(t)}
	f.order(catalogue.MerchantAdd, &pb.MerchantAdd{Mchid: edgetest.Mchid, Name: "Shop", Appids: []string{edgetest.Appid}, Settings: &pb.MerchantSettings{}})
	f.people = make([]*runner, runners)
	var all sync.WaitGroup
	for i := range f.people {
		all.Go(func() { f.people[i] = f.enrol(i) })
	}
	all.Wait()
	if f.Failed() {
		f.FailNow()
	}
	return f
}

// order has the leader run a command that must succeed.
func (f *field) order(n catalogue.Number, body table.Record) any {
	f.Helper()
	a, err := f.leader().Replica().Do(f.Context(), catalogue.NewCommand(n, "test", "", body))
	if err != nil || !a.Code.OK() {
		f.Errorf("%s: %v %v", n, a.Code, err)
		return nil
	}
	return a.Body
}

// enrol gives somebody a device and 100 yuan, by the commands that the wallet API
// would send: no address may ask for so many codes.
func (f *field) enrol(i int) *runner {
	r := &runner{number: fmt.Sprintf("+861380001%04d", i)}
	tag, err := f.leader().People().PhoneTag(f.Context(), r.number)
	if err != nil {
		f.Error(err)
		return nil
	}
	device, err := walletclient.NewMemory()
	if err != nil {
		f.Error(err)
		return nil
	}
	point, err := device.PublicKey()
	if err != nil {
		f.Error(err)
		return nil
	}
	r.device = device
	f.order(catalogue.CodeSend, &pb.CodeSend{PhoneTag: tag, AddressTag: tag, Proof: tag, Key: tag[:wallet.KeySize]})
	sealed := &pb.Sealed{KeyId: fmt.Sprintf("%032x", i), Box: make([]byte, 40), Hash: make([]byte, 16)}
	e, ok := f.order(catalogue.DeviceEnrol, &pb.DeviceEnrol{PhoneTag: tag, Proof: tag, PublicKey: point, Label: "phone", Details: sealed}).(*pb.Enrolment)
	if !ok {
		return nil
	}
	r.uid = e.Uid
	f.order(catalogue.PersonTopup, &pb.PersonTopup{Uid: r.uid, Amount: 100_00, Currency: money.CNY, Ref: r.number, Line: "topup"})
	web := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * tries / runners}}
	f.Cleanup(web.CloseIdleConnections)
	for at := range r.at {
		var urls []string
		for k := range f.nodes {
			urls = append(urls, f.nodes[(at+k)%len(f.nodes)].Addresses().WalletAPI)
		}
		r.at[at] = walletclient.New(device, walletclient.Options{URLs: urls, HTTP: web, Lang: "en", Attempt: 30 * time.Second, Patience: time.Minute})
	}
	return r
}

// run makes calls at once, in turn by everybody and in turn to each node.
func (f *field) run(call func(i int, r *runner, c *walletclient.Client) error) race {
	f.Helper()
	outcomes, start := make([]string, tries), make(chan struct{})
	var all sync.WaitGroup
	for i := range tries {
		all.Go(func() {
			<-start
			r := f.people[i%len(f.people)]
			err := call(i, r, r.at[i/len(f.people)%len(r.at)])
			var refused *walletclient.Error
			var out *code.Error
			switch {
			case errors.As(err, &out):
				outcomes[i] = out.Code.String()
			case errors.As(err, &refused):
				outcomes[i] = cmp.Or(refused.Code, fmt.Sprint(refused.Unwrap()))
			case err != nil:
				outcomes[i] = err.Error()
			}
		})
	}
	close(start)
	all.Wait()
	came := race{}
	for _, o := range outcomes {
		came[o]++
	}
	f.Logf("of %d calls %v", tries, came)
	return came
}

// balances asks every node for everybody's balance; all must say the same.
func (f *field) balances() map[uint64]int64 {
	f.Helper()
	var said [3]map[uint64]int64
	for at := range said {
		said[at] = map[uint64]int64{}
		for _, r := range f.people {
			v, err := r.at[at].ShowWallet(f.Context(), &walletclient.ShowWalletRequest{})
			if err != nil {
				f.Fatalf("n%d does not show a wallet: %v", at+1, err)
			}
			said[at][r.uid] = v.Balance
		}
	}
	if !maps.Equal(said[0], said[1]) || !maps.Equal(said[0], said[2]) {
		f.Fatalf("the nodes say %v, %v and %v", said[0], said[1], said[2])
	}
	return said[0]
}

func sum(balances map[uint64]int64) (total int64) {
	for _, fen := range balances { // order does not matter
		total += fen
	}
	return total
}

// A thousand calls over three nodes race for one packet, one order, one answer to a
// transfer, one payment by a printed code and one PIN: each has one outcome, and not a fen too many or too few.
//
//test:cases
func TestAThousandRace(t *testing.T) {
	f := newField(t)
	f.racePacket()
	f.racePayment()
	f.raceAnswer()
	f.racePrinted()
	f.racePIN()
}

func (f *field) racePacket() {
	const shares, inside = 20, 88_88
	ming, before := f.people[0], f.balances()
	thrown, err := ming.at[0].ThrowPacket(f.Context(), &walletclient.ThrowPacketRequest{ClientId: "new-year", Count: shares, Total: inside, Lucky: true})
	if err != nil {
		f.Fatal(err)
	}
	var mu sync.Mutex
	got := map[uint64]int64{}
	came := f.run(func(_ int, r *runner, c *walletclient.Client) error {
		nonce := make([]byte, 16)
		rand.Read(nonce)
		v, err := c.OpenPacket(context.Background(), &walletclient.OpenPacketRequest{Link: thrown.Link, Nonce: nonce})
		mu.Lock()
		defer mu.Unlock()
		if before, ok := got[r.uid]; err == nil && ok && v.Mine != before {
			f.Errorf("person %d has a share of %d, and one of %d", r.uid, before, v.Mine)
		}
		if err == nil {
			got[r.uid] = v.Mine
		}
		return err
	})
	taken := code.PacketTaken.String()
	if len(got) != shares || sum(got) != inside || came[""] != shares*tries/runners || came[""]+came[taken] != tries {
		f.Errorf("%d people took %d fen of %d shares with %d: %v", len(got), sum(got), shares, inside, came)
	}
	after := f.balances()
	for _, r := range f.people {
		want := before[r.uid] + got[r.uid]
		if r == ming {
			want -= inside
		}
		if after[r.uid] != want {
			f.Errorf("person %d has %d fen, not %d", r.uid, after[r.uid], want)
		}
	}
}

func (f *field) racePayment() {
	const price = 1_23
	before := f.balances()
	o, ok := f.order(catalogue.OrderCreate, &pb.OrderCreate{Mchid: edgetest.Mchid, Appid: edgetest.Appid, OutTradeNo: "RACE-0001", Product: pb.Product_PRODUCT_NATIVE,
		Total: price, Currency: money.CNY, Description: "tea", NotifyUrl: "https://shop.example/n"}).(*pb.Order)
	if !ok {
		f.FailNow()
	}
	var mu sync.Mutex
	payers := map[uint64]int64{}
	came := f.run(func(_ int, r *runner, c *walletclient.Client) error {
		_, err := c.Pay(context.Background(), &walletclient.PayRequest{Code: o.PrepayId, ClientId: "tea"})
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			payers[r.uid] = price
		}
		return err
	})
	if len(payers) != 1 || came[""] != tries/runners || came[""]+came[code.OrderPaid.String()] != tries {
		f.Errorf("the order was paid by %v: %v", payers, came)
	}
	for uid, fen := range f.balances() { // order does not matter
		if fen != before[uid]-payers[uid] {
			f.Errorf("person %d had %d fen and has %d", uid, before[uid], fen)
		}
	}
}

func (f *field) raceAnswer() {
	const amount = 50_00
	payer, payee, before := f.people[1], f.people[2], f.balances()
	found, err := payer.at[0].FindPayee(f.Context(), &walletclient.FindPayeeRequest{Phone: payee.number})
	if err != nil || found.Payee == "" {
		f.Fatalf("found %v, %v", found, err)
	}
	sent, err := payer.at[0].Transfer(f.Context(), &walletclient.TransferRequest{Payee: found.Payee, Amount: amount, ClientId: "rent", Accept: true})
	if err != nil {
		f.Fatal(err)
	}
	var mu sync.Mutex
	ends := race{}
	f.run(func(i int, _ *runner, _ *walletclient.Client) error {
		v, err := payee.at[i%3].AnswerTransfer(context.Background(), &walletclient.AnswerTransferRequest{Transfer: sent.Transfer, Accept: i%2 == 0})
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			ends[v.State]++
		}
		return err
	})
	after := f.balances()
	accepted := after[payee.uid] == before[payee.uid]+amount && after[payer.uid] == before[payer.uid]-amount
	declined := after[payee.uid] == before[payee.uid] && after[payer.uid] == before[payer.uid]
	if len(ends) != 1 || accepted != (ends["done"] > 0) || declined != (ends["declined"] > 0) || sum(after) != sum(before) {
		f.Errorf("the transfer ended as %v; the payer has %d fen after %d, the payee %d after %d", ends,
			after[payer.uid], before[payer.uid], after[payee.uid], before[payee.uid])
	}
}

// racePrinted asks for one payment by a printed code again and again, by commands: each
// with a signature of its own, as whoever lost the answer signs anew.
func (f *field) racePrinted() {
	const price = 7_00
	payer, before := f.people[4], f.balances()
	token := make([]byte, till.TokenSize)
	rand.Read(token)
	f.order(catalogue.TillAdd, &pb.TillAdd{Mchid: edgetest.Mchid, Name: "taxi", Token: token})
	id, err := walletclient.DeviceID(payer.device)
	if err != nil {
		f.Fatal(err)
	}
	var mu sync.Mutex
	orders := race{}
	came := f.run(func(i int, _ *runner, _ *walletclient.Client) error {
		count, err := payer.device.Next()
		if err != nil {
			return err
		}
		a, err := f.nodes[i%3].Replica().Do(context.Background(), catalogue.NewCommand(catalogue.TillPay, "test", "", &pb.TillPay{
			Token: token, Uid: payer.uid, Amount: price, ClientId: "ride",
			Consent: &pb.Consent{Device: id, Counter: count, Signed: make([]byte, 32), Signature: make([]byte, 64)},
		}))
		if err != nil || !a.Code.OK() {
			return cmp.Or(err, a.Code.Err())
		}
		mu.Lock()
		defer mu.Unlock()
		orders[a.Body.(*pb.Order).OutTradeNo]++
		return nil
	})
	after := f.balances()
	if len(orders) != 1 || came[""] != tries || after[payer.uid] != before[payer.uid]-price || sum(after) != sum(before)-price {
		f.Errorf("the ride was paid as %v: %v; the payer had %d fen and has %d", orders, came, before[payer.uid], after[payer.uid])
	}
}

// racePIN guesses on all nodes at once: five guesses are compared, whichever node they
// come to.
func (f *field) racePIN() {
	who := f.people[3]
	blind := make([]byte, 16)
	rand.Read(blind)
	if _, err := who.at[0].SetPin(f.Context(), &walletclient.SetPinRequest{Pin: "920473", Blind: blind}); err != nil {
		f.Fatal(err)
	}
	came := f.run(func(i int, _ *runner, _ *walletclient.Client) error {
		_, err := who.at[i%3].CheckPin(context.Background(), &walletclient.CheckPinRequest{Pin: fmt.Sprintf("%06d", i)})
		return err
	})
	const compared = 5
	if came[""] != 0 || came[code.PinWrong.String()] > compared || came[code.PinLocked.String()] == 0 {
		f.Errorf("the guesses came to %v", came)
	}
	if _, err := who.at[1].CheckPin(f.Context(), &walletclient.CheckPinRequest{Pin: "920473"}); !walletclient.Refused(err, code.PinLocked.String()) {
		f.Errorf("the right PIN, once locked: %v", err)
	}
}
