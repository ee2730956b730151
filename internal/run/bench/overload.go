package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

const (
	// goodputBudget is what must be left of the most the node does when it is
	// asked for ten times as much.
	goodputBudget = 0.85
	// payBudget bounds a payment's p99 meanwhile, in milliseconds.
	payBudget = 1000
	// settleBudget is within how many seconds after it all is as before.
	settleBudget = 10
	// stormShops is how many merchants send.
	stormShops = 8
)

// overloadSuite: a process of its own finds the most the node answers, sends half
// of it, then ten times as much, then half again, and finds the most once more, so
// that a machine that became slower or faster meanwhile is not taken for the node.
// Half the requests place orders.
func overloadSuite(ctx context.Context, r *run) error {
	g, err := r.newRig(ctx)
	if err != nil {
		return err
	}
	defer g.close()
	shots, err := g.stormShots(ctx, pick(r, 100, 250))
	if err != nil {
		return err
	}
	s := Storm{Address: strings.TrimPrefix(g.node.Addresses().MerchantAPI, "http://"), Shots: shots, Phases: []Phase{
		{Name: "most", Seconds: pick(r, 3.0, 10.0), Connections: 64},
		{Name: "calm", Times: 0.5, Seconds: pick(r, 2.0, 10.0), Connections: 1024},
		{Name: "storm", Times: 10, Seconds: pick(r, 6.0, 60.0), Connections: 1024},
		{Name: "after", Times: 0.5, Seconds: pick(r, 5.0, 15.0), Connections: 1024},
		{Name: "most again", Seconds: pick(r, 3.0, 10.0), Connections: 64},
	}}
	used := recordCPU()
	weather, err := r.storm(ctx, g, s)
	used.end()
	if err != nil {
		return err
	}
	r.reportStorm(weather, used)
	return nil
}

// cpuRecord is the processor time of this process over time.
type cpuRecord struct {
	stop chan struct{}
	done sync.WaitGroup
	at   []int64 // Unix milliseconds
	used []time.Duration
}

func recordCPU() *cpuRecord {
	c := &cpuRecord{stop: make(chan struct{})}
	c.done.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			c.at, c.used = append(c.at, time.Now().UnixMilli()), append(c.used, cpu())
			select {
			case <-c.stop:
				return
			case <-tick.C:
			}
		}
	})
	return c
}

func (c *cpuRecord) end() {
	close(c.stop)
	c.done.Wait()
}

// of is what a phase used, in seconds of a core.
func (c *cpuRecord) of(w Weather) float64 {
	from, _ := slices.BinarySearch(c.at, w.Began)
	to, _ := slices.BinarySearch(c.at, w.Ended)
	last := len(c.used) - 1
	return (c.used[min(to, last)] - c.used[min(from, last)]).Seconds()
}

// reportStorm prints the phases' figures. Where other work takes the cores
// away, answers per second of processor time say more than answers per second.
func (r *run) reportStorm(weather []Weather, used *cpuRecord) {
	most, calm, storm, after, again := weather[0], weather[1], weather[2], weather[3], weather[4]
	top := (most.goodput() + again.goodput()) / 2
	perSecond := float64(most.Good+again.Good) / (used.of(most) + used.of(again))
	kept := func(ratio float64) bool { return ratio >= goodputBudget }
	r.plain("most", top, "answers/s, 64 connections one after the other, before and after")
	r.against("offered", float64(storm.Sent)/storm.Seconds, "requests/s", "the most", top, 0, func(float64) bool { return true })
	r.against("goodput", storm.goodput(), "answers/s at ten times", "the most", top, goodputBudget, kept)
	r.against("goodput_per_core_second", float64(storm.Good)/used.of(storm), "answers/s of the node's CPU", "the most's", perSecond, 0,
		func(float64) bool { return true })
	r.plain("node_cpu_most", used.of(most)/most.Seconds, fmt.Sprintf("cores of %d", runtime.NumCPU()))
	r.plain("node_cpu", used.of(storm)/storm.Seconds, fmt.Sprintf("cores of %d", runtime.NumCPU()))
	r.plain("generator_cpu", storm.CPU, fmt.Sprintf("cores of %d", runtime.NumCPU()))
	r.plain("pay_p50_calm", calm.PayP50, "ms at half the most")
	r.plain("pay_p50", storm.PayP50, "ms at ten times")
	r.atMost("pay_p99", storm.PayP99, "ms at ten times", payBudget)
	r.plain("refused", float64(storm.Refused)/storm.Seconds, "requests/s")
	r.plain("refused_p50", storm.RefusedP50, "ms to a refusal")
	r.plain("lost", float64(storm.Lost), "requests without a proper answer")
	r.atMost("recovery", after.UnsettledMS/1000, "s until 95 of 100 are served again", settleBudget)
}

// storm runs the generator.
func (r *run) storm(ctx context.Context, g *rig, s Storm) ([]Weather, error) {
	file := filepath.Join(g.dir, "storm.json")
	text, err := json.Marshal(s)
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("write the storm: %w", err)
	}
	seconds := 0.0
	for _, p := range s.Phases {
		seconds += p.Seconds
	}
	r.Progress("overload: about %.0f s", seconds)
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, r.Self, "bench", "--storm", file)
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("run the storm: %w", err)
	}
	var weather []Weather
	if err := json.Unmarshal(out.Bytes(), &weather); err != nil || len(weather) != len(s.Phases) {
		return nil, fmt.Errorf("read what became of the storm: %d phases of %d, %w", len(weather), len(s.Phases), err)
	}
	for i, w := range weather {
		r.Progress("overload: %-10s sent %d, good %d, refused %d, lost %d, pay p50 %.1f ms p99 %.1f ms, generator %.2f cores",
			s.Phases[i].Name, w.Sent, w.Good, w.Refused, w.Lost, w.PayP50, w.PayP99, w.CPU)
	}
	if weather[0].Good == 0 {
		return nil, fmt.Errorf("nothing was answered 200: %d refused, %d lost", weather[0].Refused, weather[0].Lost)
	}
	return weather, nil
}

// stormShots signs requests of several merchants before the clock starts: of ten,
// five place orders, four query them, one fetches certificates.
func (g *rig) stormShots(ctx context.Context, each10 int) ([]StormShot, error) {
	var shops []*shop
	for i := range stormShops {
		s, err := g.openShop(ctx, i)
		if err != nil {
			return nil, err
		}
		shops = append(shops, s)
	}
	shots := make([]StormShot, 10*each10)
	now := time.Now()
	return shots, each(2, len(shots), func(_, i int) error {
		s := shops[i/10%stormShops]
		method, target, body := http.MethodGet, "/v3/certificates", ""
		switch kind := i % 10; {
		case kind < 9 && kind%2 == 1: // an order that is there
			if _, err := do(ctx, g, order.Create, orderCreate(i/10%stormShops, number("Q", 0, i))); err != nil {
				return err
			}
			target = "/v3/pay/transactions/out-trade-no/" + number("Q", 0, i) + "?mchid=" + s.mchid
		case kind < 9:
			method, target = http.MethodPost, "/v3/pay/transactions/native"
			body = fmt.Sprintf(`{"appid":"%s","mchid":"%s","description":"a cup of tea and a bun","out_trade_no":"%s","notify_url":"https://shop.example.com/pay/notify","amount":{"total":100,"currency":"CNY"}}`,
				appid, s.mchid, number("P", 0, i))
		}
		auth, err := s.authorization(method, target, fmt.Sprintf("%032d", i), now, []byte(body))
		shots[i] = StormShot{Pay: method == http.MethodPost, Wire: fmt.Sprintf(
			"%s %s HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\nUser-Agent: bench\r\nContent-Type: application/json\r\nContent-Length: %d\r\nAuthorization: %s\r\n\r\n%s",
			method, target, len(body), auth, body)}
		return err
	})
}
