package dev

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/edge/sandbox"
	"github.com/holdfast-pay/holdfast/internal/run/config"
	"github.com/holdfast-pay/holdfast/internal/run/node"
)

// ready is the line a node's process prints when it takes payments.
type ready struct {
	Ready     bool           `json:"ready"`
	Addresses node.Addresses `json:"addresses"`
}

// nodeConfig writes DIR/node.toml. A sandbox keeps less back than a platform
// with money: callbacks over plain http to this machine, no pause between
// refunds, receipts after a tenth of a second.
func (f *folder) nodeConfig(a addresses, logName string) error {
	q := func(s string) string {
		quoted, err := json.Marshal(s) // TOML's basic strings are JSON's
		if err != nil {
			panic(err) // a string always encodes
		}
		return string(quoted)
	}
	listen := a.Platform
	if !onlyThisMachine(listen) {
		listen = anyPort // the file may name this machine only; see NodeProcess
	}
	text := `# Written by holdfast dev at each start; changes are lost.
data = ` + q(f.dir) + `
log_name = ` + q(logName) + `

[merchant_api]
address = ` + q(listen) + `
insecure_loopback = true
private_callbacks = true

[admin]
address = ` + q(a.Admin) + `
insecure_loopback = true
open_metrics = true

[inner]
address = ` + q(a.Inner) + `

[disk]
min_free = "200MiB"
min_free_percent = 0
cache = "64MiB"

[journal]
checkpoint_interval = "100ms"

[merchants]
key_mode = "both"
refund_interval = "0s"
allow_http = true
strict = true
`
	return writeFile(f.path("node.toml"), []byte(text), 0o600)
}

// NodeProcess describes the process that `holdfast dev` starts as its node.
type NodeProcess struct {
	Config *config.Config
	// Listen, when not empty, is where the platform listens instead of the
	// configuration's address. It may be reached from other machines: a
	// sandbox's money is not real, so a phone may pay over plain http.
	Listen  string
	Version string
	// Out takes one line of JSON when the node is ready.
	Out io.Writer
	Log *slog.Logger
}

// Run runs the node until ctx ends or it stops by itself.
func (p NodeProcess) Run(ctx context.Context) error {
	p.Config.Sandbox = true
	if p.Listen != "" {
		p.Config.MerchantAPI.Address = p.Listen
		p.Config.Cashier.BaseURL = "http://" + reachable(p.Listen)
	}
	n, err := node.Open(ctx, node.Options{Config: p.Config, Version: p.Version, Log: p.Log, Sandbox: func(n *node.Node) http.Handler {
		return sandbox.New(sandbox.Config{Core: n.Replica(), Logger: p.Log}).Handler()
	}})
	if err != nil {
		return err
	}
	line, err := json.Marshal(ready{true, n.Addresses()})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(p.Out, "%s\n", line); err != nil {
		p.Log.Warn("nobody waits for the node", "err", err)
	}
	return n.Run(ctx)
}

// readReady reads a node's line.
func readReady(line string) bool {
	var r ready
	return strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &r) == nil && r.Ready
}
