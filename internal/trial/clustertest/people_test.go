//go:build linux

package clustertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/trial/proctest"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// crowd are people with wallets on the command line of three nodes, of which one is
// killed under each thing they do.
type crowd struct {
	*testing.T
	dev    *proctest.Dev
	places []proctest.Place
	shop   *proctest.Shop
	acts   int
	dir    string
}

// customer is somebody with a wallet's file.
type customer struct {
	name, phone, file string
}

// Two people enrol, pay an order's code, a printed one and one that they show, lose the
// answer to a payment and get the true one by repeating, send each other money, share a
// packet with a third and report a problem; a node is killed under each. Balances, bills,
// receipts and reports are right on every node.
func TestPeopleOverKilledNodes(t *testing.T) {
	t.Parallel()
	c := &crowd{T: t, dev: proctest.StartDev(t, proctest.Build(t), "--nodes", "3"), dir: t.TempDir()}
	c.places, c.shop = proctest.Places(t, c.dev.Dir), proctest.OpenShop(t, c.dev.Sandbox)
	ming, hua := c.enrol("陈明", "+8613911110001"), c.enrol("王华", "+8613911110002")
	gang := &customer{name: "小刚", file: filepath.Join(c.dev.Dir, "people", "gang.json")}
	start := map[*customer]int64{ming: 100_00, hua: 50_00, gang: c.balance(gang, 0)}
	c.topup(ming, start[ming])
	c.topup(hua, start[hua])

	var paid struct {
		TransactionID string `json:"transaction_id"`
	}
	c.under(&paid, "pay", c.order(12_30), "--wallet", ming.file)
	lost := c.loseAnswer(hua, 3_40)
	counter := openCounter(t, c.dev.Dir, c.dev.Sandbox, http.DefaultClient)
	printed, shown := paid, c.show(hua, counter, 4_50)
	c.under(&printed, "pay", counter.link, "--amount", "5.60", "--wallet", ming.file)
	var sent struct {
		Transfer string
		State    string
	}
	c.under(&sent, "transfer", hua.phone, "20.00", "--memo", "午饭", "--wallet", ming.file)
	if sent.State != "done" {
		t.Errorf("the transfer is %+v", sent)
	}
	shares := c.share(ming, hua, gang)

	c.agree(map[*customer]int64{
		ming: start[ming] - 12_30 - 5_60 - 20_00 - 6_66 + shares[ming],
		hua:  start[hua] - 3_40 - 4_50 + 20_00 + shares[hua],
		gang: start[gang] + shares[gang],
	})
	for _, id := range []string{paid.TransactionID, printed.TransactionID, shown, lost, "transfer/" + sent.Transfer} {
		c.receipts(id)
	}
	c.report(ming, -5_60)
	whole(t, c.dev.Dir, c.places)
	c.dev.Stop(t)
	for _, p := range c.places {
		proctest.Verify(t, c.dev.Bin, filepath.Join(c.dev.Dir, p.Name))
	}
}

// urls are the nodes' wallet APIs, beginning with one.
func (c *crowd) urls(first int) []string {
	var list []string
	for i := range c.places {
		list = append(list, "http://"+c.places[(first+i)%len(c.places)].Wallet)
	}
	return list
}

// enrol runs `holdfast wallet enrol` and types the code that was sent.
func (c *crowd) enrol(name, phone string) *customer {
	c.Helper()
	p := &customer{name: name, phone: phone, file: filepath.Join(c.dir, phone+".json")}
	cmd := exec.Command(c.dev.Bin, "wallet", "enrol", phone, "--name", name, "--wallet", p.file, "--to", strings.Join(c.urls(0), ","))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.Fatal(err)
	}
	sent := regexp.MustCompile(regexp.QuoteMeta(phone) + `: (\d{6})\n`)
	var code [][]byte
	proctest.WaitFor(c.T, time.Minute, "a code for "+phone, func() bool {
		text, _ := os.ReadFile(filepath.Join(c.dev.Dir, "codes.txt"))
		code = sent.FindSubmatch(text)
		return code != nil
	})
	fmt.Fprintf(in, "%s\n", code[1])
	if err := cmd.Wait(); err != nil {
		c.Fatalf("wallet enrol: %v\n%s", err, said.String())
	}
	return p
}

func (c *crowd) topup(p *customer, fen int64) {
	c.Helper()
	var answer map[string]any
	if status, err := c.dev.Sandbox.Post(c.Context(), "/topup", map[string]any{"payer": p.name, "amount": fen}, &answer); err != nil || status != http.StatusOK {
		c.Fatalf("top %s up: %d %v %v", p.name, status, answer, err)
	}
}

// order places an order of the demo shop and returns its code.
func (c *crowd) order(fen int64) string {
	c.Helper()
	return c.shop.Place(c.T, fmt.Sprintf("PEOPLE-%04d", c.acts), fen)
}

// wallet runs a command of the wallet and reads what it prints.
func (c *crowd) wallet(answer any, args ...string) error {
	cmd := exec.Command(c.dev.Bin, append(append([]string{"wallet"}, args...), "--json")...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("wallet %s: %w: %s", args[0], err, said.String())
	}
	return json.Unmarshal(out, answer)
}

// under runs a command of the wallet while the node that it asks first is killed.
func (c *crowd) under(answer any, args ...string) {
	c.Helper()
	c.killing(func(first int) error {
		c.move(args[len(args)-1], c.urls(first)...)
		return c.wallet(answer, append(args, "--timeout", "60s")...)
	})
}

// killing does something that begins at a node, which is killed meanwhile.
func (c *crowd) killing(act func(first int) error) {
	c.Helper()
	first := c.acts % len(c.places)
	c.acts++
	done := make(chan error, 1)
	go func() { done <- act(first) }()
	c.dev.Signal(c.T, process(c.places[first]), syscall.SIGKILL)
	if err := <-done; err != nil {
		c.Fatal(err)
	}
	proctest.WaitFor(c.T, time.Minute, c.places[first].Name+" to be ready", func() bool { return proctest.Ready("http://" + c.places[first].Admin) })
}

func (c *crowd) move(file string, urls ...string) {
	c.Helper()
	f, err := walletclient.Open(file)
	if err == nil {
		err = f.Move(strings.Join(urls, ","))
	}
	if err != nil {
		c.Fatal(err)
	}
}

// loseAnswer pays through a link that takes the call and loses the answer; what the
// wallet is told when it asks again, elsewhere and with a node killed, is one payment.
func (c *crowd) loseAnswer(p *customer, fen int64) string {
	c.Helper()
	code, link := c.order(fen), c.deafLink(c.places[0].Wallet)
	c.move(p.file, "http://"+link)
	var none map[string]any
	err := c.wallet(&none, "pay", code, "--id", "lost", "--wallet", p.file, "--timeout", "20s")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 4 {
		c.Fatalf("a payment whose answer was lost: %v", err)
	}
	var paid struct {
		TransactionID string `json:"transaction_id"`
	}
	c.under(&paid, "pay", code, "--id", "lost", "--wallet", p.file)
	return paid.TransactionID
}

// deafLink is a TCP link to a node that loses the answer to Pay, and only that.
func (c *crowd) deafLink(to string) (address string) {
	c.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			go carry(from, to)
		}
	}()
	return l.Addr().String()
}

// carry carries one connection's bytes; after a call of Pay none come back.
func carry(from net.Conn, to string) {
	defer from.Close()
	node, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer node.Close()
	asked := &watched{to: node}
	go func() { _, _ = io.Copy(asked, from) }() // ends with the connection
	answer := make([]byte, 64<<10)
	for {
		n, err := node.Read(answer)
		if err != nil || asked.paying.Load() {
			return
		}
		if _, err := from.Write(answer[:n]); err != nil {
			return
		}
	}
}

// watched is the way to a node, and notices a call of Pay.
type watched struct {
	to     io.Writer
	paying atomic.Bool
}

// Write implements io.Writer.
func (w *watched) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("WalletService/Pay ")) {
		w.paying.Store(true)
	}
	return w.to.Write(b)
}

// show has a till read a code that somebody shows, while a node is killed.
func (c *crowd) show(p *customer, at *counter, fen int64) (transaction string) {
	c.Helper()
	var shown struct{ Code string }
	c.move(p.file, c.urls(c.acts)...)
	if err := c.wallet(&shown, "code", "--wallet", p.file); err != nil {
		c.Fatal(err)
	}
	var o *pb.TillOrder
	c.killing(func(first int) (err error) {
		o, err = at.charge(first, "shown", shown.Code, fen)
		return err
	})
	if o.State != "success" || o.Total != fen {
		c.Errorf("the order of a shown code is %v", o)
	}
	return o.TransactionId
}

// report says that something is wrong with a payment, twice as after a lost answer: every
// node lists it once, with what is promised.
func (c *crowd) report(p *customer, amount int64) {
	c.Helper()
	a, err := c.at(p, 0).ListBills(c.Context(), &walletclient.ListBillsRequest{Limit: 100})
	if err != nil {
		c.Fatal(err)
	}
	subject := ""
	for _, b := range a.Bills {
		if b.Amount == amount {
			subject = b.Subject
		}
	}
	for range 2 {
		var v struct{ Report, State string }
		c.under(&v, "report", subject, "--id", "r1", "--trouble", "not_received", "--words", "没有出餐", "--wallet", p.file)
	}
	for i, place := range c.places {
		list, err := c.at(p, i).ListReports(c.Context(), &walletclient.ListReportsRequest{Limit: 10})
		if err != nil {
			c.Fatal(err)
		}
		if len(list.Reports) != 1 || list.Reports[0].Subject != subject || list.Reports[0].Words != "没有出餐" || list.Reports[0].PromisedAt <= list.Reports[0].CreatedAt {
			c.Errorf("%s lists the reports %v", place.Name, list.Reports)
		}
	}
}

// balance is what one node says that somebody has.
func (c *crowd) balance(p *customer, node int) int64 {
	c.Helper()
	v, err := c.at(p, node).ShowWallet(c.Context(), &walletclient.ShowWalletRequest{})
	if err != nil {
		c.Fatal(err)
	}
	return v.Balance
}

func (c *crowd) at(p *customer, node int) *walletclient.Client {
	c.Helper()
	d, err := walletclient.Open(p.file)
	if err != nil {
		c.Fatal(err)
	}
	return walletclient.New(d, walletclient.Options{URLs: c.urls(node)[:1], Patience: time.Minute})
}

// share has one throw a packet of three and everybody open it.
func (c *crowd) share(thrower *customer, others ...*customer) map[*customer]int64 {
	c.Helper()
	var p struct{ Link string }
	c.under(&p, "throw", "6.66", "--count", "3", "--lucky", "--wallet", thrower.file)
	shares := map[*customer]int64{}
	for _, who := range append(others, thrower) {
		var v struct {
			Mine int64 `json:"mine,string"`
		}
		c.under(&v, "open", p.Link, "--wallet", who.file)
		shares[who] = v.Mine
	}
	return shares
}

// agree holds what every node says of balances and bills against what was done.
func (c *crowd) agree(want map[*customer]int64) {
	c.Helper()
	for p, fen := range want { // order does not matter
		var lists []string
		for i, place := range c.places {
			if got := c.balance(p, i); got != fen {
				c.Errorf("%s says that %s has %d fen, not %d", place.Name, p.name, got, fen)
			}
			lists = append(lists, c.bills(p, i, fen))
		}
		if lists[1] != lists[0] || lists[2] != lists[0] {
			c.Errorf("the bills of %s are\n%s\n%s\n%s", p.name, lists[0], lists[1], lists[2])
		}
	}
}

// bills are somebody's bills as one node lists them, once they come to the balance.
func (c *crowd) bills(p *customer, node int, balance int64) (list string) {
	c.Helper()
	proctest.WaitFor(c.T, time.Minute, "the bills of "+p.name+" at "+c.places[node].Name, func() bool {
		a, err := c.at(p, node).ListBills(context.Background(), &walletclient.ListBillsRequest{Limit: 100})
		if err != nil {
			return false
		}
		sum := int64(0)
		list = ""
		for _, b := range a.Bills {
			sum += b.Amount
			list += fmt.Sprintln(b.Entry, b.At, b.What, b.Amount, b.Who, b.Subject)
		}
		return sum == balance
	})
	return list
}

// receipts fetches a receipt from every node and verifies it with the public key alone.
func (c *crowd) receipts(id string) {
	c.Helper()
	key, err := filepath.Glob(filepath.Join(c.dev.Dir, c.places[0].Name, "keys", "public", "*.vkey"))
	if err != nil || len(key) == 0 {
		c.Fatalf("no public key: %v", err)
	}
	for _, p := range c.places {
		file := filepath.Join(c.dir, p.Name+"-"+strings.ReplaceAll(id, "/", "-")+".json")
		token := filepath.Join(c.dev.Dir, p.Name, "admin.token")
		for _, args := range [][]string{
			{"receipt", "get", id, "--out", file, "--admin", "http://" + p.Admin, "--token-file", token},
			{"receipt", "verify", file, "--key", "@" + key[0]},
		} {
			if out, err := exec.Command(c.dev.Bin, args...).CombinedOutput(); err != nil {
				c.Errorf("%s at %s: %v\n%s", strings.Join(args[:3], " "), p.Name, err, out)
			}
		}
	}
}
