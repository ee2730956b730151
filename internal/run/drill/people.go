package drill

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// person is somebody with a device.
type person struct {
	name, phone string
	device      walletclient.Device
	g           *Ground
}

// firstAt is a client that asks a node first, and the others when it does not answer.
func (p *person) firstAt(node int) *walletclient.Client {
	var urls []string
	for i := range p.g.Nodes {
		urls = append(urls, p.g.Nodes[(node+i)%len(p.g.Nodes)].Wallet)
	}
	return walletclient.New(p.device, walletclient.Options{URLs: urls, HTTP: p.g.web, Lang: "en", Patience: time.Minute})
}

// only is a client that asks one node.
func (p *person) only(node int) *walletclient.Client {
	return walletclient.New(p.device, walletclient.Options{URLs: []string{p.g.Nodes[node].Wallet}, HTTP: p.g.web, Lang: "en", Patience: time.Minute})
}

// enrol makes a new person with money, by the calls that anybody's phone makes. The
// numbers of a drill begin anew each second.
func (g *Ground) enrol(ctx context.Context, i int, name string, fen int64) (*person, error) {
	device, err := walletclient.NewMemory()
	if err != nil {
		return nil, err
	}
	p := &person{name: name, phone: fmt.Sprintf("+86139%06d%02d", time.Now().Unix()%1_000_000, i), device: device, g: g}
	if err := g.enter(ctx, p, fen); err != nil {
		return nil, err
	}
	c := p.firstAt(i % len(g.Nodes))
	if _, err := c.SendCode(ctx, &walletclient.SendCodeRequest{Phone: p.phone, ClientId: walletclient.NewID()}); err != nil {
		return nil, fmt.Errorf("send %s a code: %w", name, err)
	}
	q := &walletclient.EnrolRequest{Phone: p.phone, Label: "drill"}
	if q.PublicKey, err = device.PublicKey(); err != nil {
		return nil, err
	}
	if err := g.until(ctx, readyWithin, "a code for "+name, func() bool { q.Code = g.codeFor(p.phone); return q.Code != "" }); err != nil {
		return nil, err
	}
	if _, err := c.Enrol(ctx, q); err != nil {
		return nil, fmt.Errorf("enrol %s: %w", name, err)
	}
	return p, nil
}

// advance moves the sandbox's business time on.
func (g *Ground) advance(by time.Duration) error {
	office, err := admin.Dial(admin.Address{URL: g.AdminURL, TokenFile: g.AdminToken})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err = office.AdvanceClock(ctx, connect.NewRequest(&pb.AdvanceClockRequest{AdvanceMs: by.Milliseconds()}))
	return err
}

// enter has the operator add a person with a number and money.
func (g *Ground) enter(ctx context.Context, p *person, fen int64) error {
	office, err := admin.Dial(admin.Address{URL: g.AdminURL, TokenFile: g.AdminToken})
	if err != nil {
		return err
	}
	_, err = office.PersonAdd(ctx, connect.NewRequest(&pb.AdminPersonAddRequest{Ref: "drill-" + p.phone, Name: p.name, Phone: p.phone, Topup: fen}))
	if err != nil {
		return fmt.Errorf("add %s: %w", p.name, err)
	}
	return nil
}

// codeFor finds the one-time code that was sent to a number, or "".
func (g *Ground) codeFor(phone string) string {
	text, err := os.ReadFile(g.CodesFile)
	if err != nil {
		return ""
	}
	m := regexp.MustCompile(regexp.QuoteMeta(phone)+`: (\d{6})\n`).FindAllSubmatch(text, -1)
	if len(m) == 0 {
		return ""
	}
	return string(m[len(m)-1][1])
}

// balances asks one node for the balances of people.
func (g *Ground) balances(ctx context.Context, node int, people []*person) (list []int64, err error) {
	for _, p := range people {
		v, err := p.only(node).ShowWallet(ctx, &walletclient.ShowWalletRequest{})
		if err != nil {
			return nil, fmt.Errorf("%s asks %s for the balance: %w", p.name, g.Nodes[node].Name, err)
		}
		list = append(list, v.Balance)
	}
	return list, nil
}
