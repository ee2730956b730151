package sim

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// recordFile is the record of the seeds that were played, from this folder.
var recordFile = filepath.Join("..", "..", "..", "docs", "reference", "simulated-seeds.md")

// batch is how many seeds are played between two entries.
const batch = 1000

// TestSoak plays on from the highest seed in the record, HOLDFAST_SOAK batches (0:
// without end), and writes each batch that passed into it. It is part of make soak.
func TestSoak(t *testing.T) {
	text := os.Getenv("HOLDFAST_SOAK")
	if text == "" {
		t.Skip("make soak plays on from the highest seed that was played")
	}
	batches, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("HOLDFAST_SOAK=%s is not a number of batches", text)
	}
	for i := 0; batches == 0 || i < batches; i++ {
		record := readRecord(t)
		first := highest(record) + 1
		total := playShards(t, first, batch)
		if t.Failed() {
			return // the seed that failed is played again, once it is mended
		}
		record = entered(readRecord(t), first, first+batch-1, commitNow())
		if err := os.WriteFile(recordFile, []byte(record), 0o644); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("seeds %d to %d pass: %s\n", first, first+batch-1, total)
	}
}

func readRecord(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(recordFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// commitNow names the code that is played, with a + when it is not committed.
func commitNow() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty=+").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// row reads a line of the record, "| FROM | TO | COMMIT | remark |".
func row(line string) (first, last uint64, commit string, ok bool) {
	cells := strings.Split(line, "|")
	if len(cells) < 5 {
		return 0, 0, "", false
	}
	first, err := strconv.ParseUint(strings.TrimSpace(cells[1]), 10, 64)
	if err != nil {
		return 0, 0, "", false
	}
	last, err = strconv.ParseUint(strings.TrimSpace(cells[2]), 10, 64)
	return first, last, strings.TrimSpace(cells[3]), err == nil
}

// highest is the highest seed in the record, 0 for none.
func highest(record string) (seed uint64) {
	for line := range strings.Lines(record) {
		if _, last, _, ok := row(line); ok {
			seed = max(seed, last)
		}
	}
	return seed
}

// entered is the record with more seeds in it: the last line goes on when it is of
// the same commit.
func entered(record string, first, last uint64, commit string) string {
	lines := strings.Split(strings.TrimRight(record, "\n"), "\n")
	end := len(lines) - 1
	if from, to, by, ok := row(lines[end]); ok && by == commit && to+1 == first {
		first, lines = from, lines[:end]
	}
	return strings.Join(append(lines, fmt.Sprintf("| %d | %d | %s | pass |", first, last, commit)), "\n") + "\n"
}

func TestRecordGoesOn(t *testing.T) {
	const begin = "# Seeds\n\n| From | To | Commit | |\n|---|---|---|---|\n| 1 | 20 | aaa | pass |\n"
	for _, c := range []struct {
		first, last uint64
		commit      string
		want        string
	}{
		{21, 30, "aaa", strings.Replace(begin, "| 1 | 20 |", "| 1 | 30 |", 1)},
		{21, 30, "bbb", begin + "| 21 | 30 | bbb | pass |\n"},
		{31, 40, "aaa", begin + "| 31 | 40 | aaa | pass |\n"},
	} {
		got := entered(begin, c.first, c.last, c.commit)
		if got != c.want || highest(got) != c.last {
			t.Errorf("seeds %d to %d of %s: highest %d\n%s", c.first, c.last, c.commit, highest(got), got)
		}
	}
	if record := readRecord(t); highest(record) == 0 {
		t.Errorf("%s has no seeds that can be read", recordFile)
	}
}
