package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/httpsig"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// Salvo is what the process that sends signed calls is told, as a JSON file.
type Salvo struct {
	// Address is host:port, plain HTTP on loopback.
	Address     string
	Connections int
	// Wires are the calls as they go over the wire, sent in this order.
	Wires []string
}

// called is one salvo's figures.
type called struct {
	Streamed
	cpu float64 // this process's, microseconds a call
}

// walletHost is what calls are signed for.
const walletHost = "localhost"

// wire is a call of a friend's as it goes over the wire.
func (f *friend) wire(procedure, body string, now time.Time) (string, error) {
	p := httpsig.Params{Created: now.Unix(), Counter: f.count(), Key: f.device}
	digest := httpsig.Digest([]byte(body))
	hash := httpsig.Signed(httpsig.Target{Method: "POST", Authority: walletHost, Path: procedure}, digest, p)
	sig, err := httpsig.Sign(f.key, hash[:])
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAccept: */*\r\nAccept-Language: zh-CN\r\nContent-Type: application/json\r\n"+
		"Content-Digest: %s\r\nSignature-Input: %s\r\nSignature: %s\r\nContent-Length: %d\r\n\r\n%s",
		procedure, walletHost, digest, httpsig.Input(p), httpsig.Value(sig), len(body), body), nil
}

// socket measures payments and claims through the wallet API, and each time the same
// commands without it.
func (w *wallets) socket(ctx context.Context, round int) error {
	w.verified = append(w.verified, w.people[0].verify())
	if err := w.payments(ctx, round); err != nil {
		return err
	}
	return w.shares(ctx, round)
}

func (w *wallets) payments(ctx context.Context, round int) error {
	n := w.calls
	placed, err := w.place(ctx, 2*n, fmt.Sprint("P", round))
	if err != nil {
		return err
	}
	if err := w.inside(ctx, &w.pays, n, func(by *friend, i int) error { return w.payPlaced(ctx, by, placed[i]) }); err != nil {
		return err
	}
	return w.salvo(ctx, &w.payCalls, "payments", walletCallers, n, func(by *friend, i int, now time.Time) (string, error) {
		body := fmt.Sprintf(`{"code":"%s","clientId":"%s"}`, placed[n+i], number(fmt.Sprint("W", round), 0, i))
		return by.wire(pbconnect.WalletServicePayProcedure, body, now)
	})
}

func (w *wallets) shares(ctx context.Context, round int) error {
	n := w.calls
	packets, err := w.throw(ctx, w.people, fewShares, 2*n/fewShares, fmt.Sprint("s", round))
	if err != nil {
		return err
	}
	if err := w.inside(ctx, &w.claimed, n, func(by *friend, i int) error { return w.claim(ctx, by, packets[i/fewShares]) }); err != nil {
		return err
	}
	return w.salvo(ctx, &w.claimCalls, "claims", walletCallers, n, func(by *friend, i int, now time.Time) (string, error) {
		nonce := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(make([]byte, 8), uint64(i)))
		body := fmt.Sprintf(`{"link":"%d.%s","nonce":"%s"}`, packets[(n+i)/fewShares].id, friendToken, nonce)
		return by.wire(pbconnect.WalletServiceOpenPacketProcedure, body, now)
	})
}

// inside does n things one after the other in this process, by people in turns.
func (w *wallets) inside(ctx context.Context, into *outcomes, n int, do func(by *friend, i int) error) error {
	if err := w.settle(ctx); err != nil {
		return err
	}
	begin, busy := time.Now(), cpu()
	err := each(walletCallers, n, func(_, i int) error { return do(w.people[i%friends], i) })
	*into = append(*into, outcome{done: n, took: time.Since(begin), cpu: cpu() - busy})
	return err
}

// salvo signs n calls of people in turns and has a process of its own send them.
func (w *wallets) salvo(ctx context.Context, into *[]called, what string, connections, n int, sign func(by *friend, i int, now time.Time) (string, error)) error {
	s := Salvo{Address: strings.TrimPrefix(w.node.Addresses().WalletAPI, "http://"), Connections: connections, Wires: make([]string, n)}
	now := time.Now()
	if err := each(2, n, func(_, i int) (err error) {
		s.Wires[i], err = sign(w.people[i%friends], i, now)
		return err
	}); err != nil {
		return err
	}
	if err := w.settle(ctx); err != nil {
		return err
	}
	out, err := w.run.send(ctx, filepath.Join(w.dir, "salvo.json"), s)
	if err != nil {
		return err
	}
	*into = append(*into, out)
	w.run.Progress("wallet: %s: %.0f calls/s, p50 %.2f ms, p99 %.2f ms, %.0f us CPU a call, generator %.0f", what, out.Rate, out.P50, out.P99, out.cpu, out.GeneratorCPUEach)
	return nil
}

// send runs the process that sends a salvo.
func (r *run) send(ctx context.Context, file string, s Salvo) (c called, err error) {
	text, err := json.Marshal(s)
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		return c, fmt.Errorf("write the salvo: %w", err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, r.Self, "bench", "--salvo", file)
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	busy := cpu()
	if err := cmd.Run(); err != nil {
		return c, fmt.Errorf("send the salvo: %w", err)
	}
	used := cpu() - busy
	if err := json.Unmarshal(out.Bytes(), &c.Streamed); err != nil || c.Done != len(s.Wires) {
		return c, errors.Join(fmt.Errorf("%d of %d calls were answered", c.Done, len(s.Wires)), err)
	}
	c.cpu = micros(used) / float64(c.Done)
	return c, nil
}

// RunSalvo sends each of a salvo's calls once. It is what the process started with
// --salvo does.
func RunSalvo(ctx context.Context, file string) (Streamed, error) {
	var s Salvo
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return Streamed{}, fmt.Errorf("read the salvo: %w", err)
	}
	guns := make([]gun, s.Connections)
	var latency latencies
	begin, busy := time.Now(), cpu()
	err = each(s.Connections, len(s.Wires), func(worker, i int) error {
		at := time.Now()
		status := 0
		for status == 0 || status == 429 || status == 503 { // a slow machine does not let all in
			if err := ctx.Err(); err != nil {
				return err
			}
			status = guns[worker].fire(s.Address, s.Wires[i])
		}
		latency.record(worker, time.Since(at))
		if status != 200 {
			return fmt.Errorf("answered with status %d", status)
		}
		return nil
	})
	out := outcome{done: len(s.Wires), took: time.Since(begin), cpu: cpu() - busy, latency: newHistogram()}
	latency.mergeInto(out.latency)
	for i := range guns {
		guns[i].close()
	}
	return out.streamed(), err
}

// verify says how long one signature takes to check, in microseconds.
func (f *friend) verify() float64 {
	const times = 300
	hash := sha256.Sum256([]byte(walletHost))
	sig, err := httpsig.Sign(f.key, hash[:])
	if err != nil {
		return 0
	}
	begin := time.Now()
	for range times {
		httpsig.Verify(&f.key.PublicKey, hash[:], sig)
	}
	return micros(time.Since(begin)) / times
}

// pinned is how many people check their PINs at once, each one after the other as a try
// counts until it is seen to be right; pinChecks is how often in all.
const pinned, pinChecks = 8, 160

// pins measures checks of PINs a second.
func (w *wallets) pins(ctx context.Context) (float64, error) {
	call := func(what string, n int, procedure, body string) (float64, error) {
		var out []called
		err := w.salvo(ctx, &out, what, pinned, n, func(_ *friend, i int, now time.Time) (string, error) {
			return w.people[i%pinned].wire(procedure, body, now)
		})
		if err != nil {
			return 0, err
		}
		return out[0].Rate, nil
	}
	if _, err := call("PINs", pinned, pbconnect.WalletServiceSetPinProcedure, `{"pin":"402719","blind":"AAAAAAAAAAAAAAAAAAAAAA=="}`); err != nil {
		return 0, err
	}
	return call("checks of PINs", pinChecks, pbconnect.WalletServiceCheckPinProcedure, `{"pin":"402719"}`)
}
