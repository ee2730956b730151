package node

import "testing"

func TestMemoryOf(t *testing.T) {
	t.Parallel()
	const machine = "MemFree:  1 kB\nMemTotal:       16384 kB\nSwapTotal: 5 kB\n"
	for _, c := range []struct {
		name, meminfo, group string
		want                 int64
	}{
		{"machine alone", machine, "", 16 << 20},
		{"group without a limit", machine, "max\n", 16 << 20},
		{"group below the machine", machine, "1048576\n", 1 << 20},
		{"group above the machine", machine, "99999999999\n", 16 << 20},
		{"nothing known", "", "", defaultMemory},
		{"nonsense", "MemTotal: lots", "0", defaultMemory},
	} {
		if got := memoryOf([]byte(c.meminfo), []byte(c.group)); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
