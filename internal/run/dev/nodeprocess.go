package dev

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/edge/sandbox"
	"github.com/holdfast-pay/holdfast/internal/edge/welcome"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

// ready is the line a node's process prints when it takes payments.
type ready struct {
	Ready     bool           `json:"ready"`
	Addresses node.Addresses `json:"addresses"`
}

// nodeConfig writes a node's configuration file. A sandbox keeps less back than a
// platform with money: callbacks over plain http to this machine, no pause between
// refunds, receipts after a tenth of a second. A cluster's node is told of its
// peers, except the first one before it is there: a node with peers and without
// data has lost them.
func (f *folder) nodeConfig(p place, peers []string) error {
	listen := p.Platform
	if !onlyThisMachine(listen) {
		listen = anyPort // the file may name this machine only; see NodeProcess
	}
	text := `# Written by holdfast dev at each start; changes are lost.
data = ` + quoteTOML(f.data(p.Name)) + `
log_name = ` + quoteTOML(f.last.LogName) + `

[merchant_api]
address = ` + quoteTOML(listen) + `
insecure_loopback = true
private_callbacks = true

[wallet_api]
address = ` + quoteTOML(p.Wallet) + `
insecure_loopback = true
base_url = ` + quoteTOML(localPage(f.wallet(p))) + `
passkey_site = "localhost"
passkey_origins = ` + f.walletOrigins(p) + `

[admin]
address = ` + quoteTOML(p.Admin) + `
insecure_loopback = true
open_metrics = true

[inner]
address = ` + quoteTOML(p.Inner) + `

[disk]
min_free = "200MiB"
min_free_percent = 0
cache = "64MiB"

[journal]
checkpoint_interval = "100ms"

[log]
level = ` + quoteTOML(f.logLevel) + `

[merchants]
key_mode = "both"
refund_interval = "0s"
allow_http = true
strict = true
`
	if p.Cluster != "" {
		text += `
[cluster]
name = ` + quoteTOML(p.Name) + `
address = ` + quoteTOML(p.Cluster) + `
`
		if len(peers) > 0 {
			list, err := json.Marshal(peers)
			if err != nil {
				return err
			}
			text += "peers = " + string(list) + "\ntoken_file = " + quoteTOML(f.tokenFile(p.Name)) + "\n"
		}
	}
	return writeFile(f.configFile(p.Name), []byte(text), 0o600)
}

// localPage is a page's address on this machine by its name: browsers make passkeys for
// names, never for numbers.
func localPage(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "http://" + address
	}
	return "http://" + net.JoinHostPort("localhost", port)
}

// wallet is where people find their wallet's page: at a node alone itself, at a cluster's
// balancer. What a browser keeps, it keeps for one address.
func (f *folder) wallet(p place) string {
	if f.several() {
		return f.last.Addresses.Wallet
	}
	return p.Wallet
}

// walletOrigins lists the wallet's pages, those of single nodes too: a passkey is good at
// each.
func (f *folder) walletOrigins(p place) string {
	quoted := []string{quoteTOML(localPage(f.wallet(p)))}
	for _, at := range f.last.Nodes {
		quoted = append(quoted, quoteTOML(localPage(at.Wallet)))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// quoteTOML writes a basic string of TOML: JSON's.
func quoteTOML(s string) string {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always encodes
	}
	return string(quoted)
}

// NodeProcess describes the process that `holdfast dev` starts as its node.
type NodeProcess struct {
	Config *node.Config
	// Listen, when not empty, is where the platform listens instead of the
	// configuration's address. It may be reached from other machines: a
	// sandbox's money is not real, so a phone may pay over plain http.
	Listen string
	// BaseURL, when not empty, is where payers reach the cashier: the balancer.
	BaseURL string
	Version string
	// Out takes one line of JSON when the node is ready, and a line for each one-time
	// code.
	Out io.Writer
	// Log, LogDropped and Fatal are as in node.Options.
	Log        *slog.Logger
	LogDropped func() uint64
	Fatal      func(error)
}

// Run runs the node until ctx ends or it stops by itself.
func (p NodeProcess) Run(ctx context.Context) error {
	p.Config.Sandbox = true
	if p.Listen != "" {
		p.Config.MerchantAPI.Address = p.Listen
		p.Config.Cashier.BaseURL = "http://" + reachable(p.Listen)
	}
	if p.BaseURL != "" {
		p.Config.Cashier.BaseURL = p.BaseURL
	}
	said := false
	return node.Serve(ctx, node.Options{Config: p.Config, Version: p.Version, Log: p.Log, LogDropped: p.LogDropped, Fatal: p.Fatal, Codes: p.Out, Sandbox: func(n *node.Node) http.Handler {
		pages := welcome.New(welcome.Config{Core: n.Replica(), Keys: n.Keys()})
		return pages.Handler(sandbox.New(sandbox.Config{Core: n.Replica(), People: n.People(), Logger: p.Log}).Handler())
	}}, func(n *node.Node) {
		if said {
			return
		}
		said = true
		p.sayReady(n.Addresses())
	})
}

func (p NodeProcess) sayReady(a node.Addresses) {
	line, err := json.Marshal(ready{true, a})
	if err == nil {
		_, err = fmt.Fprintf(p.Out, "%s\n", line)
	}
	if err != nil {
		p.Log.Warn("nobody waits for the node", "err", err)
	}
}

// readReady reads a node's line.
func readReady(line string) bool {
	var r ready
	return strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &r) == nil && r.Ready
}
