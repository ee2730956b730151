package dev

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// Run starts everything, buys once, and stays until ctx ends, or with Once
// returns after the purchase. Nothing it started is left running. It returns
// nil when the purchase went through.
func Run(ctx context.Context, opt Options) (err error) {
	if err := opt.check(); err != nil {
		return err
	}
	story := newStory(&opt)
	f, err := openFolder(opt.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if opt.LogLevel != "" {
		f.logLevel = opt.LogLevel
	}
	if err := f.fit(opt.Nodes); err != nil {
		return err
	}
	story.line(story.in("Holdfast 沙箱  %s%s", "Holdfast sandbox  %s%s"), f.dir, story.freshness(f))
	credentials := f.beginCredentials(story)
	site, err := begin(ctx, f, &opt, story)
	if err != nil {
		return interrupted(ctx, err)
	}
	defer func() { err = errors.Join(err, site.stop()) }()
	if f.several() {
		story.since("%d 个节点已就绪并都有投票权，2 个 courier 已启动", "%d nodes ready, each with a vote; 2 couriers started", len(f.last.Nodes))
	} else {
		story.since("节点已就绪，courier 已启动", "node ready, courier started")
	}
	c, err := credentials()
	if err != nil {
		return err
	}
	customer, err := site.open(ctx, c, story)
	if err != nil {
		return interrupted(ctx, err)
	}
	customer.ReadyMs = time.Since(opt.Began).Milliseconds()
	story.since("可以收款：商户 %s，%d 位付款人，示例商户站点已启动", "ready to take payments: merchant %s, %d payers, demo shop up", mchid, len(demoPayers))
	if err := customer.buy(ctx); err != nil {
		return interrupted(ctx, &Failure{Err: fmt.Errorf("the purchase did not go through: %w", err), Hint: "the logs are in " + f.path("logs")})
	}
	site.compare(ctx, customer)
	customer.ElapsedMs = time.Since(opt.Began).Milliseconds()
	story.line(story.in("\n完成，共 %d 毫秒（就绪用时 %d 毫秒）", "\nDone in %d ms (ready after %d ms)"), customer.ElapsedMs, customer.ReadyMs)
	if err := site.people(ctx, customer.setup.admin, &customer.file); err != nil {
		return interrupted(ctx, err)
	}
	if err := opt.Bought(&customer.Purchase); err != nil || opt.Once {
		return err
	}
	story.guide(f, customer.file, site.addresses)
	site.failures(ctx, story)
	story.farewell()
	<-ctx.Done()
	story.line("%s", story.in("正在停止……", "stopping ..."))
	return nil
}

// interrupted says that somebody ended the run, when that is why it failed.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return &Failure{Err: errors.New("interrupted before the purchase was through"), Hint: "run it again: it goes on with the same folder"}
}

// tries is how often the start is tried when somebody takes a port between our
// looking and the node's listening.
const tries = 3

// site is everything that runs: the platform's processes and the shop.
type site struct {
	folder    *folder
	addresses addresses
	platform  *platform
	gates     []*gate        // in front of a cluster
	front     net.Listener   // the shop's
	hall      []net.Listener // the door's
	door      *runningDoor
	shop      *runningShop
}

// begin starts the nodes and the couriers on addresses that are free.
func begin(ctx context.Context, f *folder, opt *Options, story *story) (*site, error) {
	if f.last.LogName == "" {
		f.last.LogName = newLogName()
	}
	for try := 1; ; try++ {
		s, err := choose(f, opt)
		if err != nil {
			return nil, err
		}
		if try == 1 && !onlyThisMachine(s.addresses.Platform) {
			story.line(story.in("  注意：%s 可被同一网络里的其他人访问，包括 /sandbox/；沙箱里没有真实资金", "  note: others in the network can reach %s, /sandbox/ too; no real money is in a sandbox"), s.addresses.Platform)
		}
		if err = s.begin(ctx, opt, story); err == nil {
			return s, nil
		}
		err = errors.Join(err, s.stop())
		if try == tries || !strings.Contains(err.Error(), syscall.EADDRINUSE.Error()) {
			return nil, err
		}
	}
}

// choose finds addresses for all parts, and keeps the listeners of those that
// this process serves.
func choose(f *folder, opt *Options) (*site, error) {
	p := new(ports)
	defer p.release()
	a, err := chooseAddresses(p, opt.Addr, f.last.Addresses)
	if err != nil {
		return nil, err
	}
	s := &site{folder: f, addresses: a}
	if f.several() {
		if err := f.choosePlaces(p); err != nil {
			return nil, err
		}
		s.gates = openGates(f.last.Nodes, p.take(a.Platform), p.take(a.Admin), p.take(a.Wallet))
	}
	s.front, s.hall = p.take(a.Shop), []net.Listener{p.take(a.Door)}
	if opt.TLS != "" {
		at, err := p.first(opt.TLS)
		if err != nil {
			return nil, errors.Join(&Failure{Err: fmt.Errorf("listen on %s: %w", opt.TLS, err), Hint: "--tls needs a port that is free and that you may listen on; ports below 1024 need root"}, s.stop())
		}
		s.hall = append(s.hall, p.take(at))
	}
	return s, nil
}

func (s *site) begin(ctx context.Context, opt *Options, story *story) error {
	if err := s.folder.remember(s.addresses); err != nil {
		return err
	}
	s.platform = newPlatform(s.folder, s.addresses, opt, story)
	if err := s.platform.start(ctx); err != nil {
		return err
	}
	return s.openDoor()
}

// open sets up merchant and payers, leaves sandbox.json and opens the shop.
func (s *site) open(ctx context.Context, c *credentials, story *story) (*customer, error) {
	f, a := s.folder, s.addresses
	made, err := newSetup(ctx, f, a, c)
	if err != nil {
		return nil, err
	}
	file, err := describe(f, a, c, made)
	if err != nil {
		return nil, err
	}
	if err := file.write(f.path("sandbox.json")); err != nil {
		return nil, err
	}
	if s.shop, err = openShop(f, s.front, file); err != nil {
		return nil, err
	}
	return &customer{
		setup: made, shop: s.shop.shop, file: file, folder: f, story: story, client: &http.Client{Timeout: 10 * time.Second},
		local: onlyThisMachine(a.Platform),
		Purchase: Purchase{Data: f.dir, Fresh: f.fresh, Sandbox: f.path("sandbox.json"),
			BaseURL: file.BaseURL, SandboxURL: file.SandboxURL, AdminURL: file.AdminURL, ShopURL: "http://" + a.Shop},
	}, nil
}

// stop ends everything: the ways in first, then the courier, so that it can report
// what it sent, then the node, then the shop, which the courier was talking to.
func (s *site) stop() error {
	errs := []error{s.closeDoor()}
	for _, g := range s.gates {
		errs = append(errs, g.close())
	}
	if s.platform != nil {
		s.platform.stop()
	}
	if s.shop != nil {
		return errors.Join(append(errs, s.shop.stop())...)
	}
	return errors.Join(append(errs, s.front.Close())...)
}

// compare waits until a cluster's nodes are found to hold the same.
func (s *site) compare(ctx context.Context, c *customer) {
	if !s.folder.several() {
		return
	}
	equal := s.platform.agreement(ctx)
	c.Nodes, c.DigestsEqual = len(s.platform.nodes), &equal
}

func (s *story) freshness(f *folder) string {
	if f.fresh {
		return s.in("（新建）", " (new)")
	}
	return ""
}
