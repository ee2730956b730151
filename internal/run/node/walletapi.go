package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/openapi"
	"github.com/holdfast-pay/holdfast/internal/edge/passkey"
	"github.com/holdfast-pay/holdfast/internal/edge/wallet"
	"github.com/holdfast-pay/holdfast/internal/edge/web"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// walletAPI opens the platform to people's devices.
type walletAPI struct{ part }

// Start opens the platform to people's devices, where an address is set for them.
func (n *walletAPI) Start(context.Context) error {
	w := n.cfg.WalletAPI
	if w.Address == "" {
		return nil
	}
	sender, err := n.codeSender()
	if err != nil {
		return err
	}
	pages, err := web.New(n.cfg.Sandbox, n.keys.CheckpointVerifier())
	if err != nil {
		return err
	}
	mailer, err := n.mailer()
	if err != nil {
		return err
	}
	passkeys, err := n.passkeys()
	if err != nil {
		return err
	}
	l, url, err := n.open("wallet_api", w.Address, w.TLSCert, w.TLSKey, "h2", "http/1.1")
	if err != nil {
		return err
	}
	n.addresses.WalletAPI = url
	calls := wallet.NewServer(wallet.Config{
		Core: n.replica, Personal: n.people, Views: n.views, Events: n.events, Sender: sender, Now: n.replica.Now, Wall: time.Now, Log: n.log, Passkeys: passkeys, Mail: mailer, Named: n.named,
		Receipts: n.journal.receipts, TillLink: n.tillLink,
	})
	served := http.NewServeMux()
	served.Handle("/", calls)
	served.Handle("/"+pbconnect.StaffServiceName+"/", n.members) // merchants' own people
	tills := n.tills()
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(w.TLSCert == "") // gRPC on loopback
	m := n.cfg.MerchantAPI
	n.server("wallet API", l, &http.Server{
		Handler: n.proxies().Handler(besides(pages, n.gate.Guard(calls, served), n.gate.Guard(tills, tills))), Protocols: &p, ReadHeaderTimeout: m.HeaderTimeout.Std(), ReadTimeout: m.RequestTimeout.Std(),
		WriteTimeout: m.RequestTimeout.Std() + time.Second, IdleTimeout: m.IdleTimeout.Std(),
	})
	n.onClose("streams", n.events.Close) // before the listener waits for them
	return nil
}

// passkeys asks for passkeys in the name of the site that is configured; nil: there is
// none.
func (n *walletAPI) passkeys() (*passkey.Party, error) {
	w := n.cfg.WalletAPI
	if w.PasskeySite == "" {
		return nil, nil
	}
	p, err := passkey.New(passkey.Site{ID: w.PasskeySite, Origins: w.PasskeyOrigins})
	if err != nil {
		return nil, fmt.Errorf("wallet_api.passkey_site: %w", err)
	}
	return p, nil
}

// besides serves pages and calls at one address, so that a browser needs nobody's leave
// to call.
func besides(pages, calls, tills http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/"+pbconnect.WalletServiceName+"/", calls)
	mux.Handle("/"+pbconnect.StaffServiceName+"/", calls)
	mux.Handle("GET "+openapi.Path, openapi.Handler())
	mux.Handle("/"+pbconnect.TillServiceName+"/", tills)
	mux.Handle("/", pages)
	return mux
}

func (n *walletAPI) codes() io.Writer {
	if n.opt.Codes != nil {
		return n.opt.Codes
	}
	return os.Stderr
}

var errNoSender = errors.New("no sender of one-time codes is configured: set wallet_api.code_url")

// noSender is where no sender is configured: wallets that are there go on.
type noSender struct{}

func (noSender) Send(context.Context, wallet.Message) error { return errNoSender }

// codeSender is what sends one-time codes.
func (n *walletAPI) codeSender() (wallet.Sender, error) {
	w := n.cfg.WalletAPI
	switch {
	case w.CodeURL != "":
		secret, err := os.ReadFile(w.CodeSecretFile)
		if err != nil {
			return nil, fmt.Errorf("read wallet_api.code_secret_file: %w", err)
		}
		if len(secret) < 16 {
			return nil, errors.New("wallet_api.code_secret_file has fewer than 16 bytes: put a random secret there, as the adapter has it")
		}
		return wallet.Webhook{URL: w.CodeURL, Secret: secret, Client: &http.Client{Timeout: 10 * time.Second}, Now: time.Now}, nil
	case n.cfg.Sandbox:
		return wallet.Console{To: n.codes()}, nil
	}
	return noSender{}, nil
}
