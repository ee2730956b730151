package bench

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

// Budgets of the engine, from the design.
const (
	engineFloor = 35_000 // pairs/s
	engineRows  = 8      // rows a pair
	// engineShare is the CPU of a pair in RSA-2048 signatures by Go's library: 54 us
	// where one takes 900 us, which is 37,000 pairs/s on two cores. It is the figure
	// to compare between machines of different speed.
	engineShare  = 0.06
	callerFactor = 3 // times a bare append+fsync
)

// engineSuite: 500 callers with one command each place and pay orders.
func engineSuite(ctx context.Context, r *run) error {
	g, err := r.newRig(ctx)
	if err != nil {
		return err
	}
	defer g.close()
	rounds, length := pick(r, 2, 5), pick(r, 3*time.Second, 8*time.Second)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("make a key for the yardstick: %w", err)
	}
	var rates, cpus, signs, p50s, p99s []float64
	before := g.node.Replica().Totals()
	pairs := 0
	for round := range rounds {
		r.Progress("engine: round %d of %d", round+1, rounds)
		sampler := sampleRSA(func(message []byte) (string, error) { return seal.Sign(key, message) })
		out, err := closedLoop(ctx, 500, length, func(caller, i int) error {
			return g.pair(ctx, caller, i, number(fmt.Sprintf("E%d", round), caller, i))
		})
		sign, sampling := sampler.end()
		if err != nil {
			return err
		}
		out.cpu -= sampling
		signs = append(signs, sign)
		pairs += out.done
		rates, cpus = append(rates, out.rate()), append(cpus, out.cpuMicros())
		p50s = append(p50s, float64(out.latency.ValueAtQuantile(50))/2000)
		p99s = append(p99s, float64(out.latency.ValueAtQuantile(99))/2000)
		if err := g.settle(ctx); err != nil {
			return err
		}
	}
	t := g.node.Replica().Totals()
	frames := float64(t.Frames - before.Frames)
	bytes := float64(t.Bytes-before.Bytes) / frames
	bare, err := appendSync(r.Dir, int(bytes), 100)
	if err != nil {
		return err
	}
	r.atLeast("pairs_per_second", median(rates), "pairs/s", engineFloor)
	r.against("cpu_per_pair", median(cpus), "us, load generator and views included", "one RSA-2048 signature under the same load", median(signs), engineShare,
		func(ratio float64) bool { return ratio <= engineShare })
	r.atMost("rows_per_pair", float64(t.Rows-before.Rows-uint64(frames))/float64(pairs), "rows, the head's left out", engineRows)
	r.plain("log_bytes_per_pair", float64(t.Bytes-before.Bytes)/float64(pairs), "bytes")
	r.plain("apply_per_pair", micros(t.Apply-before.Apply)/float64(pairs), "us, serial")
	r.plain("commands_per_frame", float64(t.Commands-before.Commands)/frames, "commands")
	r.plain("command_p50", median(p50s), "ms")
	r.plain("command_p99", median(p99s), "ms")
	append1 := micros(t.Append-before.Append) / frames
	r.against("append_per_frame", append1, "us", "bare append+fsync of a frame's size", micros(bare), 0, func(float64) bool { return true })
	return nil
}

// callerSuite: one caller, one command at a time.
func callerSuite(ctx context.Context, r *run) error {
	g, err := r.newRig(ctx)
	if err != nil {
		return err
	}
	defer g.close()
	if err := g.settle(ctx); err != nil {
		return err
	}
	bare, err := appendSync(r.Dir, 4096, 500)
	if err != nil {
		return err
	}
	out, err := closedLoop(ctx, 1, pick(r, 2*time.Second, 8*time.Second), func(caller, i int) error {
		return g.pair(ctx, caller, i, number("C", caller, i))
	})
	if err != nil {
		return err
	}
	again, err := appendSync(r.Dir, 4096, 500)
	if err != nil {
		return err
	}
	p50 := float64(out.latency.ValueAtQuantile(50)) / 2 // a pair is two commands
	r.against("command_p50", p50, "us", "bare append+fsync of 4 KiB", (micros(bare)+micros(again))/2, callerFactor,
		func(ratio float64) bool { return ratio <= callerFactor })
	r.plain("command_p99", float64(out.latency.ValueAtQuantile(99))/2, "us")
	return nil
}
