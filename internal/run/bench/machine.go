package bench

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Machine describes where a run was measured.
type Machine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	OS    string `json:"os"`
	Go    string `json:"go"`
	// FsyncUS is the median of one 4 KiB append and fsync in the run's folder,
	// in microseconds.
	FsyncUS float64 `json:"fsync_us"`
	// Load1 is the machine's load average of the last minute at the start.
	Load1 float64 `json:"load1"`
	// Warnings say why the figures should be taken with care.
	Warnings []string `json:"warnings"`
}

// tooFast is an fsync latency that no disk that survives a power cut has.
const tooFast = 20.0

// Inspect measures the machine in dir.
func Inspect(dir string) (Machine, error) {
	m := Machine{CPU: cpuName(), Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Warnings: []string{}}
	d, err := appendSync(dir, 4096, 200)
	if err != nil {
		return m, err
	}
	m.FsyncUS = micros(d)
	if m.FsyncUS < tooFast {
		m.Warnings = append(m.Warnings, fmt.Sprintf("fsync takes %.0f us: too good to be true for a disk that survives a power cut; durable figures are worth little here", m.FsyncUS))
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		_, _ = fmt.Sscan(string(text), &m.Load1)
	}
	if m.Load1 > float64(m.Cores)/2 {
		m.Warnings = append(m.Warnings, fmt.Sprintf("the machine is busy (load %.1f on %d cores): rates are too low, CPU per unit is closer to the truth", m.Load1, m.Cores))
	}
	return m, nil
}

func (m Machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s, %s, append+fsync %.0f us, load %.1f", m.CPU, m.Cores, m.OS, m.Go, m.FsyncUS, m.Load1)
}

func cpuName() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown CPU"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "model name"); ok {
			return strings.TrimLeft(name, "\t: ")
		}
	}
	return "unknown CPU"
}

// appendSync returns the median time of appending size bytes and syncing them.
func appendSync(dir string, size, times int) (time.Duration, error) {
	f, err := os.CreateTemp(dir, "fsync-")
	if err != nil {
		return 0, fmt.Errorf("measure fsync: %w", err)
	}
	defer os.Remove(filepath.Clean(f.Name()))
	defer f.Close()
	block := make([]byte, size)
	took := make([]time.Duration, times)
	for i := range took {
		begin := time.Now()
		if _, err := f.Write(block); err != nil {
			return 0, fmt.Errorf("measure fsync: %w", err)
		}
		if err := f.Sync(); err != nil {
			return 0, fmt.Errorf("measure fsync: %w", err)
		}
		took[i] = time.Since(begin)
	}
	slices.Sort(took)
	return took[times/2], nil
}

// cpu is the processor time this process has used, user and system.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
