package dev

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/shop"
)

// Run starts everything, buys once, and stays until ctx ends, or with Once
// returns after the purchase. Nothing it started is left running.
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
	story.line(story.in("Holdfast 沙箱  %s%s", "Holdfast sandbox  %s%s"), f.dir, story.freshness(f))
	a, err := chooseAddresses(opt.Addr, f.last.Addresses)
	if err != nil {
		return err
	}
	p, c, err := begin(ctx, f, a, &opt, story)
	if p != nil {
		defer p.stop()
	}
	if err != nil {
		return err
	}
	story.since("节点已就绪，courier 已启动", "node ready, courier started")
	s, err := newSetup(ctx, f, a, c)
	if err != nil {
		return err
	}
	file := describe(f, a, c, s)
	if err := file.write(f.path("sandbox.json")); err != nil {
		return err
	}
	store, err := openShop(f, a, file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.stop()) }()
	readyMs := time.Since(opt.Began).Milliseconds()
	story.since("可以收款：商户 %s，%d 位付款人，示例商户站点已启动", "ready to take payments: merchant %s, %d payers, demo shop up", mchid, len(s.payers))

	customer := &customer{setup: s, shop: store.shop, file: file, folder: f, story: story, client: &http.Client{Timeout: 10 * time.Second}}
	customer.ReadyMs, customer.Data, customer.Fresh, customer.Sandbox = readyMs, f.dir, f.fresh, f.path("sandbox.json")
	customer.BaseURL, customer.SandboxURL, customer.AdminURL, customer.ShopURL = file.BaseURL, file.SandboxURL, file.AdminURL, "http://"+a.Shop
	if err := customer.buy(ctx); err != nil {
		return &Failure{Err: fmt.Errorf("the purchase did not go through: %w", err), Hint: "the logs are in " + f.path("logs")}
	}
	customer.ElapsedMs = time.Since(opt.Began).Milliseconds()
	story.line("")
	story.line(story.in("完成，共 %s（就绪用时 %s）", "Done in %s (ready after %s)"),
		seconds(time.Duration(customer.ElapsedMs)*time.Millisecond), seconds(time.Duration(readyMs)*time.Millisecond))
	if err := opt.Bought(&customer.Purchase); err != nil || opt.Once {
		return err
	}
	story.guide(f, file, a)
	<-ctx.Done()
	story.line(story.in("正在停止……", "stopping ..."))
	return nil
}

// begin starts the node and, beside it, finds or makes the merchant's keys.
func begin(ctx context.Context, f *folder, a addresses, opt *Options, story *story) (*platform, *credentials, error) {
	if f.last.LogName == "" {
		f.last.LogName = newLogName()
	}
	if err := f.remember(a); err != nil {
		return nil, nil, err
	}
	if err := f.nodeConfig(a, f.last.LogName); err != nil {
		return nil, nil, err
	}
	p, err := startPlatform(f, a, opt, story)
	if err != nil {
		return p, nil, err
	}
	c, err := f.merchantCredentials(time.Now())
	if err != nil {
		return p, nil, err
	}
	story.since("商户密钥与证书", "the merchant's key and certificate")
	return p, c, p.wait(ctx)
}

// runningShop is the demo shop with its HTTP server.
type runningShop struct {
	shop   *shop.Shop
	server *http.Server
	log    *os.File
	ended  chan struct{}
}

func openShop(f *folder, a addresses, file sandboxFile) (*runningShop, error) {
	log, err := openLog(f.path("logs", "shop.log"))
	if err != nil {
		return nil, err
	}
	logger := slog.New(slog.NewTextHandler(log, nil))
	s, err := shop.Open(shop.Config{
		Platform: file.BaseURL, Mchid: file.Mchid, Appid: file.Appid, Serial: file.MerchantSerial, KeyPath: file.MerchantKeyPath,
		APIv3Key: file.APIv3Key, PublicKeyID: file.PublicKeyID, PublicKeyPath: file.PublicKeyPath,
		NotifyURL: "http://" + a.Shop + "/notify", BookPath: f.path("shop.jsonl"), Logger: logger,
	})
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	listener, err := net.Listen("tcp", a.Shop)
	if err != nil {
		return nil, errors.Join(err, s.Close(), log.Close())
	}
	r := &runningShop{shop: s, log: log, ended: make(chan struct{}), server: &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 15 * time.Second,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}}
	go func() {
		defer close(r.ended)
		if err := r.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("the shop's server ended", "err", err)
		}
	}()
	return r, nil
}

// stop lets callbacks under way finish. The courier has ended by then.
func (r *runningShop) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	err := r.server.Shutdown(ctx)
	<-r.ended
	return errors.Join(err, r.shop.Close(), r.log.Close())
}

func (s *story) freshness(f *folder) string {
	if f.fresh {
		return s.in("（新建）", " (new)")
	}
	return ""
}
