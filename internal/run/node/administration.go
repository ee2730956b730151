package node

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// administration is the admin address: health, figures, profiles.
type administration struct {
	part
	cfg AdminConfig
	// service is the admin service while it is open.
	service *admin.Server
}

// Start opens the admin address early: health and readiness answer while
// the rest starts.
func (n *administration) Start(context.Context) (err error) {
	if n.tokens, err = admin.OpenTokens(admin.NamedTokenFile(n.dir), n.keys.VerifyAdminToken); err != nil {
		return err
	}
	a := n.cfg
	l, url, err := n.open("admin", a.Address, a.TLSCert, a.TLSKey, "h2", "http/1.1")
	if err != nil {
		return err
	}
	n.addresses.Admin = url
	n.adminHandler = admin.Handler(n.acquire, n.tokens, admin.Probes{
		Alive: func() string { return "" }, Ready: n.notReady, Queries: n.noQueries,
		Metrics: promhttp.HandlerFor(n.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}), OpenMetrics: a.OpenMetrics,
	})
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(a.TLSCert == "") // gRPC on loopback
	n.server("administration", l, &http.Server{Handler: n.leading(n.adminHandler), Protocols: &p, ReadTimeout: 30 * time.Second, WriteTimeout: profile, IdleTimeout: time.Minute})
	return nil
}

// adminAddress tells the command line where operators are answered.
type adminAddress struct{ part }

// Start leaves the admin address in the folder for the command line.
func (n *adminAddress) Start(context.Context) error {
	n.onClose("admin address", func() error { return admin.RemoveURL(n.dir) })
	return admin.WriteURL(n.dir, n.addresses.Admin)
}

// acquire returns the admin service, and what to call when done with it; nil
// while the node is starting or stopping. Parts are not closed under it.
func (n *administration) acquire() (*admin.Server, func()) {
	if n.ctx.Err() != nil || !n.inUse.begin() {
		return nil, nil
	}
	return n.service, n.inUse.end
}

// adminService is what operators call.
type adminService struct {
	part
	cfg     MerchantsConfig
	wallets WalletAPIConfig // whose site staff's passkeys are made for too
	at      *administration
}

// Start lets operators in.
func (n *adminService) Start(context.Context) error {
	m := n.cfg
	modes := map[string]pb.KeyMode{
		"certificate": pb.KeyMode_KEY_MODE_CERTIFICATE, "public_key": pb.KeyMode_KEY_MODE_PUBLIC_KEY, "both": pb.KeyMode_KEY_MODE_BOTH,
	}
	passkeys, err := n.wallets.passkeys()
	if err != nil {
		return err
	}
	n.members = n.newMembers(passkeys)
	service := admin.NewServer(admin.Config{
		Staff: n.members.Auth, Members: n.members,
		Core: n.replica, Cluster: n.operator(), Keys: n.keys, People: n.people, Views: n.views, Receipts: n.journal.receipts, Tokens: n.tokens,
		Defaults: &pb.MerchantSettings{
			KeyMode: modes[m.KeyMode], RefundIntervalS: int32(m.RefundInterval.Std() / time.Second),
			AllowHttp: m.AllowHTTP, Strict: m.Strict, WeixinCodeUrl: m.WeixinCodeURL,
		},
		SignInLink: n.signInLink,
		TillLink:   n.tillLink,
		Checkpoint: n.journal.publisher.Latest, Now: n.replica.Now, Wall: time.Now, ReadOnly: n.readOnly,
		Version: n.opt.Version, Log: n.log,
	})
	n.at.service = service
	n.inUse.allow(true)
	n.onClose("admin service", func() error {
		n.inUse.allow(false)
		return nil
	})
	return nil
}
