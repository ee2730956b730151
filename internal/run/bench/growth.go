package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	growthBudget  = 0.80 // of the rate with few orders stored
	restartBudget = 5    // seconds
)

// growthSuite: does the rate hold when many orders are stored, and how long
// does a node that was killed under full load take to serve again?
func growthSuite(ctx context.Context, r *run) error {
	g, err := r.newRig(ctx)
	if err != nil {
		return err
	}
	few, many := pick(r, 20_000, 100_000), pick(r, 1_000_000, 10_000_000)
	small, err := r.rateWith(ctx, g, "S", 0, few)
	if err == nil {
		var large outcome
		large, err = r.rateWith(ctx, g, "L", few, many)
		if err == nil {
			r.against(fmt.Sprintf("pairs_per_second_with_%d_orders", many), large.rate(), "pairs/s",
				fmt.Sprintf("with %d orders", few), small.rate(), growthBudget, func(ratio float64) bool { return ratio >= growthBudget })
			r.against("cpu_per_pair", large.cpuMicros(), "us", fmt.Sprintf("with %d orders", few), small.cpuMicros(), 0,
				func(float64) bool { return true })
			r.plain("disk_bytes_per_pair", float64(folderBytes(g.dir))/float64(many), "bytes on disk, log and views included")
		}
	}
	if cerr := g.close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return r.restart(ctx)
}

// rateWith stores pairs until there are n, and measures the rate then.
func (r *run) rateWith(ctx context.Context, g *rig, round string, have, n int) (outcome, error) {
	r.Progress("growth: storing %d orders", n)
	if err := each(500, n-have, func(caller, i int) error {
		for {
			err := g.pair(ctx, caller, i, number(round, 0, i))
			if !overloaded(err) {
				return err
			}
		}
	}); err != nil {
		return outcome{}, err
	}
	if err := g.settle(ctx); err != nil {
		return outcome{}, err
	}
	return closedLoop(ctx, 500, pick(r, 5*time.Second, 20*time.Second), func(caller, i int) error {
		return g.pair(ctx, caller, i, number(round+"M", caller, i))
	})
}

func folderBytes(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil
	})
	return bytes
}

// restart kills a loaded node process with SIGKILL and times the next start.
func (r *run) restart(ctx context.Context) error {
	rounds := pick(r, 2, 5)
	var seconds []float64
	for round := range rounds {
		r.Progress("growth: kill -9 under full load, %d of %d", round+1, rounds)
		s, err := r.killAndRestart(ctx)
		if err != nil {
			return err
		}
		seconds = append(seconds, s)
	}
	r.atMost("restart_after_kill", median(seconds), "s until it serves", restartBudget)
	return nil
}

func (r *run) killAndRestart(ctx context.Context) (seconds float64, err error) {
	dir, err := os.MkdirTemp(r.Dir, "bench-restart-")
	if err != nil {
		return 0, fmt.Errorf("make a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	cmd := exec.CommandContext(ctx, r.Self, "bench", "--load", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start the loaded node: %w", err)
	}
	err = awaitLine(out, "loaded")
	time.Sleep(pick(r, 4*time.Second, 15*time.Second)) // full load for a while: this is the load, not a wait for something
	if kerr := cmd.Process.Kill(); err == nil {
		err = kerr
	}
	_ = cmd.Wait()
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	n, err := openNode(ctx, filepath.Join(dir, "node"), quiet())
	if err != nil {
		return 0, err
	}
	seconds = time.Since(begin).Seconds()
	return seconds, (&rig{dir: dir, node: n}).close()
}

func awaitLine(r io.Reader, want string) error {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), want) {
			return nil
		}
	}
	return fmt.Errorf("the process ended before it said %q", want)
}

// Load opens a node in dir and loads it until ctx ends. It is what the process
// started with --load does, to be killed.
func Load(ctx context.Context, dir string, out io.Writer) error {
	n, err := openNode(ctx, filepath.Join(dir, "node"), quiet())
	if err != nil {
		return err
	}
	g := &rig{dir: dir, node: n}
	if err := g.populate(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out, "loaded")
	_, err = closedLoop(ctx, 500, time.Hour, func(caller, i int) error {
		return g.pair(ctx, caller, i, number("K", caller, i))
	})
	return err
}
