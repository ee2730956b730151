package bench

import (
	"context"
	"fmt"
	"time"
)

const (
	transferRatio  = 1.2    // of the pair rate
	claimFloor     = 40_000 // claims/s over many packets, in the engine
	oneFloor       = 10_000 // claims/s of one packet after the other, in the engine
	payFloor       = 8000   // payments/s through the wallet API
	claimCallFloor = 6000   // claims/s through the wallet API
	// walletCallers is how many connections there are to the wallet API.
	walletCallers = 64
)

// walletSuite: people pay, send each other money and take shares of lucky packets, in
// the engine and through the wallet API, against orders and payments of the same
// run. Calls are signed before the clock starts.
func walletSuite(ctx context.Context, r *run) error {
	g, err := r.newLoggingRig(ctx)
	if err != nil {
		return err
	}
	defer g.close()
	w := &wallets{rig: g, run: r, length: pick(r, 1500*time.Millisecond, 4*time.Second), calls: pick(r, 8000, 30_000)}
	if w.people, err = g.befriend(ctx); err != nil {
		return err
	}
	rounds := pick(r, 2, 5)
	for round := range rounds {
		r.Progress("wallet: round %d of %d", round+1, rounds)
		if err := w.engine(ctx, round); err != nil {
			return err
		}
		if err := w.socket(ctx, round); err != nil {
			return err
		}
	}
	pins, err := w.pins(ctx)
	if err != nil {
		return err
	}
	w.report()
	r.plain("pin_checks_per_second", pins, "checks/s through the wallet API, argon2id at most twice at once")
	return nil
}

// wallets is the suite at work.
type wallets struct {
	*rig
	run    *run
	people []*friend
	length time.Duration
	calls  int // in one salvo

	pairs, transfers, claims, claimsOfOne outcomes
	// pays and claimed are the same commands that the calls come to, from as many callers.
	pays, claimed        outcomes
	payCalls, claimCalls []called
	verified             []float64
}

// outcomes are several rounds of a closed loop.
type outcomes []outcome

func (list outcomes) median(of func(outcome) float64) float64 {
	var values []float64
	for _, o := range list {
		values = append(values, of(o))
	}
	return median(values)
}

// engine measures the commands without the API, 500 callers each with one of their own.
func (w *wallets) engine(ctx context.Context, round int) error {
	many, err := w.throw(ctx, w.people, fewShares, packetRounds*friends/fewShares, fmt.Sprint("m", round))
	if err != nil {
		return err
	}
	one, err := w.throw(ctx, w.people, friends, packetRounds, fmt.Sprint("o", round))
	if err != nil {
		return err
	}
	for _, m := range []struct {
		into *outcomes
		do   func(caller, n int) error
	}{
		{&w.pairs, func(caller, n int) error { return w.pair(ctx, caller, n, number(fmt.Sprintf("F%d", round), caller, n)) }},
		{&w.transfers, func(caller, n int) error { return w.send(ctx, w.people, caller, n, round) }},
		{&w.claims, func(caller, n int) error {
			return w.claimNext(ctx, caller, many, n*friends/fewShares+caller/fewShares)
		}},
		{&w.claimsOfOne, func(caller, n int) error { return w.claimNext(ctx, caller, one, n) }},
	} {
		if err := w.loop(ctx, m.into, friends, m.do); err != nil {
			return err
		}
	}
	return nil
}

// claimNext takes a share of the i-th packet: a repeat would cost nothing.
func (w *wallets) claimNext(ctx context.Context, caller int, packets []thrown, i int) error {
	if i >= len(packets) {
		return fmt.Errorf("the round takes more than %d packets", len(packets))
	}
	return w.claim(ctx, w.people[caller], packets[i])
}

func (w *wallets) loop(ctx context.Context, into *outcomes, callers int, do func(caller, n int) error) error {
	if err := w.settle(ctx); err != nil {
		return err
	}
	out, err := closedLoop(ctx, callers, w.length, do)
	*into = append(*into, out)
	return err
}

func (w *wallets) report() {
	r := w.run
	rate, cpu := outcome.rate, outcome.cpuMicros
	pairs := w.pairs.median(rate)
	r.plain("pairs_per_second", pairs, "pairs/s")
	r.against("transfers_per_second", w.transfers.median(rate), "transfers/s", "orders and their payments a second", pairs, transferRatio,
		func(ratio float64) bool { return ratio >= transferRatio })
	r.atLeast("claims_per_second", w.claims.median(rate), "claims/s over many packets of ten", claimFloor)
	r.atLeast("claims_of_one_per_second", w.claimsOfOne.median(rate), "claims/s of one packet of 500 after the other", oneFloor)
	for _, of := range []struct {
		name string
		list outcomes
	}{{"pair", w.pairs}, {"transfer", w.transfers}, {"claim", w.claims}, {"claim_of_one", w.claimsOfOne}} {
		r.plain("cpu_per_"+of.name, of.list.median(cpu), "us, load generator and views included")
	}
	r.plain("signature_checked", median(w.verified), "us, ECDSA over P-256, between the rounds")
	w.reportCalls("payment", w.payCalls, w.pays, payFloor)
	w.reportCalls("claim", w.claimCalls, w.claimed, claimCallFloor)
}

// reportCalls prints what calls cost, beside the same commands in the process.
func (w *wallets) reportCalls(what string, calls []called, inside outcomes, floor float64) {
	of := func(value func(called) float64) float64 {
		var list []float64
		for _, c := range calls {
			list = append(list, value(c))
		}
		return median(list)
	}
	cpu, engine := of(func(c called) float64 { return c.cpu }), inside.median(outcome.cpuMicros)
	r := w.run
	r.atLeast(what+"_calls_per_second", of(func(c called) float64 { return c.Rate }), "calls/s through the wallet API, the generator on the same cores", floor)
	r.plain(what+"_call_p50", of(func(c called) float64 { return c.P50 }), "ms")
	r.plain(what+"_call_p99", of(func(c called) float64 { return c.P99 }), "ms")
	r.plain("cpu_per_"+what+"_call", cpu, "us, the engine's and the signature's included")
	r.plain("cpu_per_"+what+"_in_the_engine", engine, fmt.Sprintf("us, %d callers in the process", walletCallers))
	r.plain("cpu_per_"+what+"_call_besides", cpu-engine-median(w.verified), "us, without the engine's and a checked signature")
	r.plain(what+"_generator_cpu", of(func(c called) float64 { return c.GeneratorCPUEach }), "us a call")
}
