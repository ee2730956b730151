package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/engine/rsakey"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// apiBudget is the CPU a signed request may cost besides the RSA signature of
// its answer, in microseconds.
const apiBudget = 120

// fasterSigning is how many times the requests are answered when OpenSSL signs
// three times as fast as Go, which it does where the processor multiplies 52 bits
// at once (AVX-512 IFMA). Elsewhere it signs less than twice as fast, and signing
// is not all of a request: signingKept of what the signatures gain must be left.
const (
	fasterSigning = 2.0
	signingKept   = 0.8
)

// Shot is one signed request of the merchant API, ready to be fired.
type Shot struct {
	Target, Authorization, Body string
}

// Volley is what the process that fires is told, as a JSON file.
type Volley struct {
	Base        string
	Connections int
	Shots       []Shot
}

// Hits is what the process that fires answers, as JSON on standard output.
type Hits struct {
	OK, Other int
	TookMS    float64
	P50, P99  float64 // milliseconds
	// Sample holds a few answers as headers and body, to be verified.
	Sample []Answer
}

// Answer is one signed answer.
type Answer struct {
	Timestamp, Nonce, Serial, Signature, Body string
}

// apiSuite: requests signed before the clock starts are fired by a process of
// its own; what this process uses meanwhile is the server's cost. The server signs
// with Go's library and with OpenSSL's in turns, and in turns with both the engine
// takes the same orders without HTTP.
func apiSuite(ctx context.Context, r *run) error {
	g, err := r.newRig(ctx)
	if err != nil {
		return err
	}
	defer g.close()
	s, err := g.openShop(ctx, 0)
	if err != nil {
		return err
	}
	defer rsakey.Use(rsakey.Best)
	n := pick(r, 2000, 10000)
	var engine []float64
	var own, best volleys
	for round := range pick(r, 3, 5) {
		alone, err := g.orders(ctx, round, pick(r, time.Second, 3*time.Second))
		if err != nil {
			return err
		}
		engine = append(engine, alone)
		for _, v := range []struct {
			into  *volleys
			use   rsakey.Provider
			round string
		}{{&own, rsakey.Go, "A"}, {&best, rsakey.Best, "B"}} {
			rsakey.Use(v.use)
			out, err := r.volley(ctx, g, s, fmt.Sprint(v.round, round), n)
			if err != nil {
				return err
			}
			*v.into = append(*v.into, out)
		}
	}
	r.reportAPI(g.node.Keys().PublicKey().Library(), engine, own, best)
	return r.courierBeside(ctx, g, s, best.median(func(v volleyed) float64 { return v.rate }), n)
}

// reportAPI prints what signing with either library comes to. The CPU besides RSA
// has the engine in it: go test -bench Signed, whose core is a stub, has not.
func (r *run) reportAPI(library string, engine []float64, own, best volleys) {
	rate := func(v volleyed) float64 { return v.rate }
	rsa := func(v volleyed) float64 { return v.rsa }
	besides := func(v volleyed) float64 { return v.besides }
	faster := min(fasterSigning, math.Round(100*signingKept*own.median(rsa)/best.median(rsa))/100)
	r.plain("requests_per_second_go", own.median(rate), "requests/s signed with Go crypto/rsa, the generator on the same cores")
	r.against("requests_per_second", best.median(rate), "requests/s signed with "+library, "signed with Go crypto/rsa",
		own.median(rate), faster, func(ratio float64) bool { return ratio >= faster })
	r.plain("rsa_signature_go", own.median(rsa), "us CPU, the mean of all under the load")
	r.against("rsa_signature", best.median(rsa), "us CPU, the mean of all under the load", "Go crypto/rsa", own.median(rsa), 0, func(float64) bool { return true })
	r.atMost("cpu_per_request_besides_rsa", best.median(besides), "us, the engine's included", apiBudget)
	r.plain("cpu_per_request_besides_rsa_go", own.median(besides), "us, while Go signs")
	r.plain("cpu_per_order_in_the_engine", median(engine), "us, 64 callers in the process")
	r.plain("cpu_per_request", best.median(func(v volleyed) float64 { return v.cpu }), "us")
	r.plain("request_p50", best.median(func(v volleyed) float64 { return v.hits.P50 }), "ms")
	r.plain("request_p99", best.median(func(v volleyed) float64 { return v.hits.P99 }), "ms")
}

// courierBeside fires once more while a courier signs notices.
func (r *run) courierBeside(ctx context.Context, g *rig, s *shop, without float64, n int) error {
	stop, err := g.courierAtWork(ctx, 100)
	if err != nil {
		return err
	}
	defer stop()
	busy, err := r.volley(ctx, g, s, "C", n)
	if err != nil {
		return err
	}
	r.against("requests_per_second_courier_running", busy.rate, "requests/s, 100 notices/s signed beside it", "without the courier", without, 0,
		func(float64) bool { return true })
	return nil
}

// orders places orders in the engine itself, and returns the CPU of one in
// microseconds.
func (g *rig) orders(ctx context.Context, round int, d time.Duration) (float64, error) {
	if err := g.settle(ctx); err != nil {
		return 0, err
	}
	out, err := closedLoop(ctx, 64, d, func(caller, i int) error {
		_, err := do(ctx, g, order.Create, orderCreate(0, number(fmt.Sprintf("D%d", round), caller, i)))
		return err
	})
	return out.cpuMicros(), err
}

// volleyed is what a volley cost the server.
type volleyed struct {
	hits Hits
	rate float64
	// microseconds of CPU: a request, a signature meanwhile, a request without all
	// that was used for signatures
	cpu, rsa, besides float64
}

// volleys are several rounds.
type volleys []volleyed

func (list volleys) median(of func(volleyed) float64) float64 {
	var values []float64
	for _, v := range list {
		values = append(values, of(v))
	}
	return median(values)
}

func (r *run) volley(ctx context.Context, g *rig, s *shop, round string, n int) (volleyed, error) {
	r.Progress("api: signing %d requests before the clock starts", n)
	shots, err := prepays(s, round, n)
	if err != nil {
		return volleyed{}, err
	}
	file := filepath.Join(g.dir, "volley.json")
	text, err := json.Marshal(Volley{Base: g.node.Addresses().MerchantAPI, Connections: 64, Shots: shots})
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		return volleyed{}, fmt.Errorf("write the volley: %w", err)
	}
	if err := g.settle(ctx); err != nil {
		return volleyed{}, err
	}
	busy, meter := cpu(), meterRSA()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, r.Self, "bench", "--fire", file)
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	err = cmd.Run()
	var v volleyed
	var signing time.Duration
	signing, v.rsa = meter.end()
	used := cpu() - busy
	if err != nil {
		return v, fmt.Errorf("fire: %w", err)
	}
	if err := json.Unmarshal(out.Bytes(), &v.hits); err != nil {
		return v, fmt.Errorf("read what was hit: %w", err)
	}
	if v.hits.OK != n {
		return v, fmt.Errorf("%d of %d requests were answered 200", v.hits.OK, n)
	}
	v.rate = float64(n) / (v.hits.TookMS / 1000)
	v.cpu, v.besides = micros(used)/float64(n), micros(used-signing)/float64(n)
	r.Progress("api: %.0f requests/s, %.0f us CPU a request, %.0f a signature, %.0f besides", v.rate, v.cpu, v.rsa, v.besides)
	return v, g.verifyAnswers(v.hits.Sample)
}

// prepays signs native prepays, each with a number of its own.
func prepays(s *shop, round string, n int) ([]Shot, error) {
	const target = "/v3/pay/transactions/native"
	shots := make([]Shot, n)
	now := time.Now()
	err := each(2, n, func(_, i int) error {
		body := fmt.Sprintf(`{"appid":"%s","mchid":"%s","description":"a cup of tea and a bun","out_trade_no":"%s","notify_url":"https://shop.example.com/pay/notify","amount":{"total":100,"currency":"CNY"}}`,
			appid, s.mchid, number(round, 0, i))
		auth, err := s.authorization(http.MethodPost, target, fmt.Sprintf("%032d", i), now, []byte(body))
		shots[i] = Shot{target, auth, body}
		return err
	})
	return shots, err
}

// verifyAnswers checks the signatures of a sample, after the clock has stopped.
func (g *rig) verifyAnswers(sample []Answer) error {
	if len(sample) == 0 {
		return errors.New("no answer was kept to verify")
	}
	for _, a := range sample {
		signer, ok := g.node.Keys().Signer(a.Serial)
		if !ok {
			return fmt.Errorf("an answer is signed by %q, which is no key of the platform", a.Serial)
		}
		if err := seal.Verify(signer.PublicKey(), seal.AnswerMessage(a.Timestamp, a.Nonce, []byte(a.Body)), a.Signature); err != nil {
			return fmt.Errorf("an answer's signature: %w", err)
		}
	}
	return nil
}

// Fire sends a volley and returns what it hit. It is what the process started
// with --fire does.
func Fire(ctx context.Context, file string) (Hits, error) {
	var v Volley
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		return Hits{}, fmt.Errorf("read the volley: %w", err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: v.Connections, MaxConnsPerHost: v.Connections}}
	hits := Hits{}
	latency := newHistogram()
	type landed struct {
		status int
		took   time.Duration
		answer Answer
	}
	results := make(chan landed, v.Connections)
	begin := time.Now()
	var failed error
	go func() {
		defer close(results)
		failed = each(v.Connections, len(v.Shots), func(_, i int) error {
			at := time.Now()
			status, answer, err := fireOne(ctx, client, v.Base, v.Shots[i])
			for err == nil && (status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests) {
				// On a machine that is too slow for the connections some are not let in.
				status, answer, err = fireOne(ctx, client, v.Base, v.Shots[i])
			}
			results <- landed{status, time.Since(at), answer}
			return err
		})
	}()
	for l := range results {
		_ = latency.RecordValue(l.took.Microseconds())
		if l.status != http.StatusOK {
			hits.Other++
			continue
		}
		if hits.OK++; hits.OK%97 == 0 && len(hits.Sample) < 50 {
			hits.Sample = append(hits.Sample, l.answer)
		}
	}
	hits.TookMS = float64(time.Since(begin)) / float64(time.Millisecond)
	hits.P50, hits.P99 = float64(latency.ValueAtQuantile(50))/1000, float64(latency.ValueAtQuantile(99))/1000
	return hits, failed
}

func fireOne(ctx context.Context, client *http.Client, base string, s Shot) (int, Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+s.Target, strings.NewReader(s.Body))
	if err != nil {
		return 0, Answer{}, err
	}
	req.Header.Set("Authorization", s.Authorization)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return 0, Answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	h := resp.Header
	return resp.StatusCode, Answer{
		h.Get("Wechatpay-Timestamp"), h.Get("Wechatpay-Nonce"), h.Get("Wechatpay-Serial"), h.Get("Wechatpay-Signature"), string(body),
	}, err
}
