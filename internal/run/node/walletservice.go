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
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// walletService is what people's devices call.
type walletService struct {
	part
	cfg     WalletAPIConfig
	mail    MailConfig
	service *wallet.Server
}

// Start makes what people's devices call.
func (n *walletService) Start(context.Context) error {
	sender, err := n.codeSender()
	if err != nil {
		return err
	}
	mailer, err := n.mailer()
	if err != nil {
		return err
	}
	passkeys, err := n.cfg.passkeys()
	if err != nil {
		return err
	}
	n.service = wallet.NewServer(wallet.Config{
		Core: n.replica, Personal: n.people, Views: n.views, Events: n.events, Sender: sender, Now: n.replica.Now, Wall: time.Now, Log: n.log, Passkeys: passkeys, Mail: mailer, Named: n.named,
		Receipts: n.journal.receipts, TillLink: n.tillLink,
	})
	return nil
}

// Routes implements Part: merchants' own people call beside everybody else.
func (n *walletService) Routes() []route {
	return []route{
		{door: "wallet_api", pattern: "/" + pbconnect.WalletServiceName + "/", handler: n.gate.Guard(n.service, n.service)},
		{door: "wallet_api", pattern: "/" + pbconnect.StaffServiceName + "/", handler: n.gate.Guard(n.service, n.members)},
		{door: "wallet_api", pattern: "GET " + openapi.Path, handler: openapi.Handler()},
	}
}

// passkeys asks for passkeys in the name of the site that is configured; nil: there is
// none.
func (w *WalletAPIConfig) passkeys() (*passkey.Party, error) {
	if w.PasskeySite == "" {
		return nil, nil
	}
	p, err := passkey.New(passkey.Site{ID: w.PasskeySite, Origins: w.PasskeyOrigins})
	if err != nil {
		return nil, fmt.Errorf("wallet_api.passkey_site: %w", err)
	}
	return p, nil
}

func (n *walletService) codes() io.Writer {
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
func (n *walletService) codeSender() (wallet.Sender, error) {
	w := n.cfg
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
	case n.sandbox:
		return wallet.Console{To: n.codes()}, nil
	}
	return noSender{}, nil
}
