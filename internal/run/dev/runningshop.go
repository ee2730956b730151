package dev

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/shop"
)

// runningShop is the demo shop with its HTTP server.
type runningShop struct {
	shop   *shop.Shop
	server *http.Server
	log    *os.File
	ended  chan struct{}
}

// openShop opens the shop behind a listener, which it takes over.
func openShop(f *folder, door net.Listener, file sandboxFile) (*runningShop, error) {
	log, err := openLog(f.path("logs", "shop.log"))
	if err != nil {
		return nil, err
	}
	logger := slog.New(slog.NewTextHandler(log, nil))
	s, err := shop.Open(shop.Config{
		Platform: file.BaseURL, Mchid: file.Mchid, Appid: file.Appid, Serial: file.MerchantSerial, KeyPath: file.MerchantKeyPath,
		APIv3Key: file.APIv3Key, PublicKeyID: file.PublicKeyID, PublicKeyPath: file.PublicKeyPath,
		NotifyURL: "http://" + door.Addr().String() + "/notify", BookPath: f.path("shop.jsonl"), Logger: logger, Payers: shopPayers(file.Payers),
	})
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	r := &runningShop{shop: s, log: log, ended: make(chan struct{}), server: &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 15 * time.Second,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}}
	go func() {
		defer close(r.ended)
		if err := r.server.Serve(door); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("the shop's server ended", "err", err)
		}
	}()
	return r, nil
}

// shopPayers are the demo payers as the shop knows them.
func shopPayers(payers []payer) (known []shop.Payer) {
	for _, p := range payers {
		known = append(known, shop.Payer(p))
	}
	return known
}

// stop lets callbacks under way finish.
func (r *runningShop) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	r.shop.EndStreams()
	err := r.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = r.server.Close()
	}
	<-r.ended
	return errors.Join(err, r.shop.Close(), r.log.Close())
}
