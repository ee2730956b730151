package bench

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// When a machine is quiet enough for a budget to mean something.
const (
	// othersMost is the share of the cores that went to other processes, to the
	// kernel for them, or to other machines on the same hardware (steal).
	othersMost = 0.10
	// spreadMost is how far apart nine tenths of the calibration lie: the 90th
	// percentile of a fixed piece of work against the 10th.
	spreadMost = 1.30
)

// Noise is what else went on while a suite ran.
type Noise struct {
	// Others is a share of all cores; below 0 it is not known on this system.
	Others float64
	// Spread is that of a fixed piece of work just before and after the suite.
	Spread float64
}

// Quiet says whether a missed budget is the program's own.
func (n Noise) Quiet() bool { return n.Others <= othersMost && n.Spread <= spreadMost }

func (n Noise) String() string {
	if n.Others < 0 {
		return fmt.Sprintf("a fixed piece of work varied %.2f-fold", n.Spread)
	}
	return fmt.Sprintf("other work took %.0f %% of the cores, a fixed piece of work varied %.2f-fold", n.Others*100, n.Spread)
}

// watch is the machine at the beginning of a suite.
type watch struct {
	began time.Time
	busy  time.Duration // of all cores
	known bool
	own   time.Duration
	took  []float64
}

func beginWatch() *watch {
	w := &watch{took: calibrate(nil)}
	w.began, w.own = time.Now(), familyCPU()
	w.busy, w.known = machineCPU()
	return w
}

// end looks again. The suite's processes have ended by now, so that what they used
// counts as our own.
func (w *watch) end() Noise {
	took, own := time.Since(w.began), familyCPU()-w.own
	busy, known := machineCPU()
	n := Noise{Others: -1}
	if w.known && known && took > 0 {
		n.Others = max(0, float64(busy-w.busy-own)/float64(took)/float64(runtime.NumCPU()))
	}
	sorted := calibrate(w.took)
	slices.Sort(sorted)
	n.Spread = sorted[len(sorted)*9/10] / sorted[len(sorted)/10]
	return n
}

// calibrate adds how long a fixed piece of work, of well below a millisecond,
// takes, some fifty times.
func calibrate(took []float64) []float64 {
	block := make([]byte, 256<<10)
	for range 50 {
		begin := time.Now()
		sum := sha256.Sum256(block)
		took = append(took, micros(time.Since(begin)))
		copy(block, sum[:])
	}
	return took
}

// familyCPU is the processor time of this process and of those it has waited for.
func familyCPU() time.Duration {
	var own, children syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &own) != nil || syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children) != nil {
		return 0
	}
	return time.Duration(own.Utime.Nano() + own.Stime.Nano() + children.Utime.Nano() + children.Stime.Nano())
}

// machineCPU is the time in which the machine's cores were not idle, or were
// somebody else's, since it was started.
func machineCPU() (busy time.Duration, known bool) {
	f, err := os.Open("/proc/stat")
	if err != nil {
		return 0, false
	}
	defer f.Close()
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil {
		return 0, false
	}
	return parseStat(line)
}

// parseStat reads the first line of /proc/stat: "cpu", then user, nice, system,
// idle, iowait, irq, softirq and steal in hundredths of a second. What comes after
// steal is counted in user already.
func parseStat(line string) (busy time.Duration, ok bool) {
	words := strings.Fields(line)
	if len(words) < 9 || words[0] != "cpu" {
		return 0, false
	}
	for i, word := range words[1:9] {
		ticks, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return 0, false
		}
		if idle := i == 3 || i == 4; !idle {
			busy += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	return busy, true
}
