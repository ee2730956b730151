//go:build linux

package proctest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// Sandbox is what dev writes for merchants' developers.
type Sandbox struct {
	BaseURL         string `json:"base_url"`
	Mchid           string `json:"mchid"`
	Appid           string `json:"appid"`
	MerchantSerial  string `json:"merchant_serial"`
	MerchantKeyPath string `json:"merchant_key_path"`
	APIv3Key        string `json:"apiv3_key"`
	PublicKeyID     string `json:"public_key_id"`
	PublicKeyPath   string `json:"public_key_path"`
	SandboxURL      string `json:"sandbox_url"`
	AdminURL        string `json:"admin_url"`
}

// ReadSandbox reads sandbox.json in a sandbox's folder.
func ReadSandbox(t *testing.T, dir string) (s Sandbox) {
	t.Helper()
	readJSON(t, filepath.Join(dir, "sandbox.json"), &s)
	return s
}

// Place is where a node of a sandbox with several answers, HOST:PORT each.
type Place struct{ Name, Platform, Admin, Inner, Wallet, Cluster string }

// Places reads where the nodes are.
func Places(t *testing.T, dir string) []Place {
	t.Helper()
	var state struct{ Nodes []Place }
	readJSON(t, filepath.Join(dir, "dev.json"), &state)
	return state.Nodes
}

// web is the merchant's HTTP client. A stuck request is given up, and a
// connection that brought an error is not used again.
var web = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// refused drops connections that clients keep, so that what is repeated goes
// through another one and a balancer can choose another node.
func refused(status int) {
	if status >= 500 {
		web.CloseIdleConnections()
	}
}

// Post calls an endpoint under /sandbox; err is set when there was no answer.
func (s Sandbox) Post(ctx context.Context, path string, body, answer any) (status int, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.SandboxURL+path, bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := web.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	refused(resp.StatusCode)
	return resp.StatusCode, json.NewDecoder(resp.Body).Decode(answer)
}

// NewPayer adds a payer with a balance in fen.
func (s Sandbox) NewPayer(t *testing.T, name string, balance int64) {
	t.Helper()
	var made map[string]any
	status, err := s.Post(t.Context(), "/payers", map[string]any{"name": name, "balance": balance}, &made)
	if err != nil || status != http.StatusOK {
		t.Fatalf("add a payer: %d, %v, %v", status, made, err)
	}
}

// Balance asks for a payer's balance in fen.
func (s Sandbox) Balance(t *testing.T, name string) int64 {
	t.Helper()
	resp, err := web.Get(s.SandboxURL + "/payers")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Payers []struct {
			Name    string `json:"name"`
			Balance int64  `json:"balance"`
		} `json:"payers"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	for _, p := range answer.Payers {
		if p.Name == name {
			return p.Balance
		}
	}
	t.Fatalf("payer %s is not listed", name)
	return 0
}
