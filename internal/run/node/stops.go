package node

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
)

// Stop is one time the node stopped on a broken invariant, before anything of
// the frame was written.
type Stop struct {
	// Index is the frame's log index; Position the command's in it, from 0, or
	// -1 when no command was at work.
	Index    uint64 `json:"index"`
	Position int    `json:"position"`
	// Command is the command's name, Assertion the sentence that was false.
	Command   string    `json:"command"`
	Assertion string    `json:"assertion"`
	At        time.Time `json:"at"`
}

// stopsToReadOnly is how many stops at one index make the node start read-only:
// one may be a flipped bit in memory, two at the same place are not.
const stopsToReadOnly = 2

func stopsFile(dir string) string      { return filepath.Join(dir, "stops") }
func quarantineFile(dir string) string { return filepath.Join(dir, "quarantine") }

// recordStop appends a stop to DIR/stops, durably.
func recordStop(dir string, b *machine.Broken, at time.Time) error {
	line, err := json.Marshal(Stop{b.Index, b.Position, b.Number.String(), b.Assertion, at.UTC().Truncate(time.Millisecond)})
	if err != nil {
		return fmt.Errorf("record the stop: %w", err)
	}
	return appendLine(stopsFile(dir), string(line))
}

// Stops reads DIR/stops, oldest first. A line that a crash cut short is passed
// over.
func Stops(dir string) ([]Stop, error) {
	text, err := os.ReadFile(stopsFile(dir))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the record of stops: %w", err)
	}
	var list []Stop
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var s Stop
		if json.Unmarshal(lines.Bytes(), &s) == nil && s.Index > 0 {
			list = append(list, s)
		}
	}
	return list, nil
}

// Quarantine is the set of commands that become journalled refusals.
type Quarantine struct {
	whole  map[uint64]bool
	single map[uint64]map[int]bool
}

// Has says whether the command at a position of the frame at index is in it.
func (q Quarantine) Has(index uint64, position int) bool {
	return q.whole[index] || q.single[index][position]
}

// ReadQuarantine reads DIR/quarantine: one `INDEX POSITION` a line, with *
// for every command of the frame.
func ReadQuarantine(dir string) (Quarantine, error) {
	q := Quarantine{whole: map[uint64]bool{}, single: map[uint64]map[int]bool{}}
	text, err := os.ReadFile(quarantineFile(dir))
	if errors.Is(err, os.ErrNotExist) {
		return q, nil
	}
	if err != nil {
		return q, fmt.Errorf("read the quarantine: %w", err)
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if err := q.add(line); err != nil {
			return q, fmt.Errorf("%s:%d: %w", quarantineFile(dir), i+1, err)
		}
	}
	return q, nil
}

func (q Quarantine) add(line string) error {
	first, second, _ := strings.Cut(line, " ")
	index, err := strconv.ParseUint(first, 10, 64)
	if err != nil || index == 0 {
		return fmt.Errorf("%.40q is not `INDEX POSITION`", line)
	}
	if second == "*" {
		q.whole[index] = true
		return nil
	}
	position, err := strconv.Atoi(second)
	if err != nil || position < 0 {
		return fmt.Errorf("%.40q is not `INDEX POSITION`", line)
	}
	if q.single[index] == nil {
		q.single[index] = map[int]bool{}
	}
	q.single[index][position] = true
	return nil
}

// ErrNoStop is what AddQuarantine returns for an index that never stopped the
// node.
var ErrNoStop = errors.New("the node never stopped at this index")

// AddQuarantine puts the command that last stopped the node at index into
// DIR/quarantine, durably, and answers that stop. It is in force at the next
// start. A command that is in it already is not written again.
func AddQuarantine(dir string, index uint64) (Stop, error) {
	stops, err := Stops(dir)
	if err != nil {
		return Stop{}, err
	}
	var last *Stop
	for i := range stops {
		if stops[i].Index == index {
			last = &stops[i]
		}
	}
	if last == nil {
		return Stop{}, ErrNoStop
	}
	q, err := ReadQuarantine(dir)
	if err != nil {
		return Stop{}, err
	}
	if q.Has(index, last.Position) {
		return *last, nil
	}
	position := "*"
	if last.Position >= 0 {
		position = strconv.Itoa(last.Position)
	}
	return *last, appendLine(quarantineFile(dir), fmt.Sprintf("%d %s", index, position))
}

// byOlder says that the stop is of a binary that did not know the command while
// this one does. Binaries before feature level 4 recorded such stops.
func (s Stop) byOlder() bool {
	text, unnamed := strings.CutPrefix(s.Command, "command-")
	number, err := strconv.ParseUint(text, 10, 32)
	return unnamed && err == nil && number > 0 && machine.Known(catalogue.Number(number))
}

// blocked returns the stop that makes the node start read-only, if any: the
// lowest index at which the same command stopped it twice and is not in
// quarantine.
func blocked(stops []Stop, q Quarantine) (Stop, bool) {
	counts := map[[2]int64]int{}
	var found Stop
	ok := false
	for _, s := range stops {
		if s.byOlder() {
			continue
		}
		place := [2]int64{int64(s.Index), int64(s.Position)}
		counts[place]++
		if counts[place] >= stopsToReadOnly && !q.Has(s.Index, s.Position) && (!ok || s.Index <= found.Index) {
			found, ok = s, true
		}
	}
	return found, ok
}

// appendLine adds a line to a file and makes it durable, folder entry included.
func appendLine(path, line string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
