package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// Budgets of a cluster of three whose processes share one machine's cores.
const (
	clusterShare  = 0.38 // of one node's pairs/s
	clusterCommit = 4.0  // times one node's p50, at a tenth of its rate
	lossMost      = 5.0  // seconds without service after a leader was killed, at worst
	lossUsual     = 2.0  // and in 95 of 100 trials
	transferMost  = 200  // ms that a planned transfer may add to a request
)

// clusterSuite: three processes on this machine's cores, in turns with one node;
// then leaders are killed and moved.
func clusterSuite(ctx context.Context, r *run) error {
	one, err := r.newRig(ctx)
	if err != nil {
		return err
	}
	r.Progress("cluster: three processes")
	g, err := r.newClusterRig(ctx)
	if err != nil {
		return errors.Join(err, one.close())
	}
	defer g.close()
	err = r.inTurns(ctx, one, g)
	if err := errors.Join(err, one.close()); err != nil {
		return err
	}
	if err := g.transfers(ctx); err != nil {
		return err
	}
	return g.losses(ctx)
}

// inTurns measures one node, then three, and again, and reports the medians of
// each round's ratios: what else the machine does falls on both.
func (r *run) inTurns(ctx context.Context, one *rig, three *clusterRig) error {
	var rates, commits, share, tenth, same []float64
	for round := range pick(r, 2, 4) {
		r.Progress("cluster: round %d", round+1)
		a, err := r.turn(ctx, one, fmt.Sprint("O", round), 0)
		if err != nil {
			return err
		}
		if err := three.leadBy(ctx, "n1"); err != nil {
			return err
		}
		b, err := r.turn(ctx, three.rig, fmt.Sprint("T", round), a.rate/10)
		if err != nil {
			return err
		}
		rates, commits = append(rates, b.rate), append(commits, b.p50)
		share, tenth, same = append(share, b.rate/a.rate), append(tenth, b.p50/a.p50), append(same, b.other/a.p50)
	}
	report := func(metric string, value, ratio float64, unit, of string, budget float64, ok bool) {
		r.Report(Row{Suite: r.suite, Metric: metric, Value: value, Unit: unit, Yardstick: of, Ratio: ratio, Budget: budget, OK: ok})
	}
	report("pairs_per_second", median(rates), median(share), "pairs/s", "one node", clusterShare, median(share) >= clusterShare)
	report("commit_p50_at_a_tenth", median(commits), median(tenth), "ms", "one node at a tenth of its rate", clusterCommit, median(tenth) <= clusterCommit)
	report("commit_p50_at_one_nodes_tenth", median(commits)*median(same)/median(tenth), median(same), "ms", "one node", 0, true)
	return nil
}

// turned is what a node or a cluster did in one turn: pairs/s with 500 callers, and
// the p50 of a command in ms, at a tenth of that rate and at another.
type turned struct{ rate, p50, other float64 }

// turn measures once; other is the other rate, 0 for none.
func (r *run) turn(ctx context.Context, g *rig, round string, other float64) (t turned, err error) {
	if t.rate, err = r.rate(ctx, g, round+"-full"); err != nil {
		return t, err
	}
	if t.p50, err = r.p50At(ctx, g, round+"-tenth", t.rate/10); err != nil || other == 0 {
		return t, err
	}
	t.other, err = r.p50At(ctx, g, round+"-other", other)
	return t, err
}

// rate measures pairs/s with 500 callers.
func (r *run) rate(ctx context.Context, g *rig, round string) (float64, error) {
	out, err := closedLoop(ctx, 500, pick(r, 3*time.Second, 10*time.Second), func(caller, i int) error {
		return g.pair(ctx, caller, i, number(round, caller, i))
	})
	return out.rate(), err
}

// p50At measures the p50 of a command, in ms, at so many pairs/s.
func (r *run) p50At(ctx context.Context, g *rig, round string, pace float64) (float64, error) {
	if err := g.settle(ctx); err != nil {
		return 0, err
	}
	out, err := openLoop(ctx, pace, pick(r, 3*time.Second, 10*time.Second), func(i int) error {
		return g.pair(ctx, 0, i, number(round, 0, i))
	})
	return float64(out.latency.ValueAtQuantile(50)) / 2000, err
}

// transfers moves the lead while a caller on n1 sends one command after the other.
func (g *clusterRig) transfers(ctx context.Context) error {
	if err := g.whole(ctx); err != nil {
		return err
	}
	usual, err := g.probe(ctx, func() error { return sleep(ctx, 2*time.Second) })
	if err != nil {
		return err
	}
	moved, err := g.probe(ctx, func() error {
		for i := range pick(g.r, 6, 20) {
			if err := g.leadBy(ctx, []string{"n2", "n3", "n1"}[i%3]); err != nil {
				return err
			}
			if err := sleep(ctx, 300*time.Millisecond); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	g.r.plain("command_longest_usually", usual, "ms, through any node, one caller")
	g.r.atMost("planned_transfer_adds", max(moved-usual, 0), "ms to the longest request", transferMost)
	return nil
}

// probe sends commands one after the other from n1 while doing runs, and returns
// how long the longest took, in ms.
func (g *clusterRig) probe(ctx context.Context, doing func() error) (longest float64, err error) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var failed error // of the caller; read after it has ended
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			begin := time.Now()
			if failed = g.command(ctx, fmt.Sprintf("probe-%d-%d", begin.UnixNano(), i)); failed != nil {
				return
			}
			longest = max(longest, micros(time.Since(begin))/1000)
		}
	})
	err = doing()
	close(stop)
	wg.Wait()
	if err == nil {
		err = failed
	}
	return longest, err
}

// command is one small durable command that counts once however often it is sent.
func (g *clusterRig) command(ctx context.Context, ref string) error {
	_, err := do(ctx, g.rig, person.Topup, &pb.PersonTopup{Uid: g.uids[0], Amount: 1, Currency: money.CNY, Ref: ref, Line: "bench"})
	return err
}

// losses kills the leader again and again: how long until a command that is sent
// after that is durable?
func (g *clusterRig) losses(ctx context.Context) error {
	trials := pick(g.r, 5, 100)
	h := newHistogram()
	within := 0
	for i := range trials {
		g.r.Progress("cluster: leader killed, trial %d of %d", i+1, trials)
		c := g.others[i%2]
		if err := g.whole(ctx); err != nil {
			return err
		}
		if err := g.leadBy(ctx, c.name); err != nil {
			return err
		}
		if err := c.kill(); err != nil {
			return err
		}
		begin := time.Now()
		if err := g.command(ctx, fmt.Sprintf("loss-%d-%d", begin.UnixNano(), i)); err != nil {
			return fmt.Errorf("a command after the loss of the leader: %w", err)
		}
		gap := time.Since(begin)
		_ = h.RecordValue(gap.Microseconds()) // a minute at most
		if gap.Seconds() <= lossUsual {
			within++
		}
		if err := c.start(ctx); err != nil {
			return err
		}
	}
	g.r.plain("leader_loss_pause_p50", float64(h.ValueAtQuantile(50))/1e6, "s")
	g.r.atMost("leader_loss_pause_p95", float64(h.ValueAtQuantile(95))/1e6, "s", lossUsual)
	g.r.atMost("leader_loss_pause_most", float64(h.Max())/1e6, "s", lossMost)
	g.r.plain("leader_loss_within_2_s", float64(within)/float64(trials)*100, fmt.Sprintf("%% of %d trials", trials))
	return nil
}

// transferByCall asks the leading child to hand over. What fails is asked for again.
func (g *clusterRig) transferByCall(ctx context.Context, leader *pb.Member, to string) {
	for _, c := range g.others {
		if c.name != leader.Name || c.cmd == nil {
			continue
		}
		client, err := admin.Dial(admin.Address{URL: c.admin, TokenFile: filepath.Join(g.dir, c.name, "admin.token"), Timeout: 5 * time.Second})
		if err == nil {
			_, err = client.ClusterTransfer(ctx, connect.NewRequest(&pb.ClusterMemberRequest{Member: to}))
		}
		if err != nil {
			g.r.Progress("cluster: %s did not hand over yet: %v", c.name, err)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
