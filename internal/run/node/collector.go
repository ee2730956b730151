package node

import (
	"bufio"
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

const (
	// collectAt is how much may be allocated, in percent of what lives, before the
	// garbage collector runs. A node lives in a few dozen megabytes, most of what it
	// holds being outside the collector's sight, and turns over hundreds a second
	// under load: at Go's 100 % collecting was a fifth of a payment's processor time.
	collectAt = 400
	// defaultMemory is taken for the machine's where it can't be found out.
	defaultMemory = 2 << 30
)

// PaceCollector lets the garbage collector run less often, as long as the heap
// stays below half of the memory there is. GOGC and GOMEMLIMIT in the environment
// come first. It is for the whole process: commands that run a node call it.
func PaceCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		info, _ := os.ReadFile("/proc/meminfo")
		group, _ := os.ReadFile("/sys/fs/cgroup/memory.max")
		debug.SetMemoryLimit(memoryOf(info, group) / 2)
	}
}

// memoryOf is how much memory a process may use, from the kernel's account of the
// machine's and of its control group's, either of which may be missing.
func memoryOf(meminfo, group []byte) int64 {
	memory := int64(defaultMemory)
	lines := bufio.NewScanner(bytes.NewReader(meminfo))
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), "MemTotal:")
		if !ok {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64); err == nil && n > 0 {
			memory = n << 10
		}
	}
	if n, err := strconv.ParseInt(string(bytes.TrimSpace(group)), 10, 64); err == nil && n > 0 {
		memory = min(memory, n)
	}
	return memory
}
