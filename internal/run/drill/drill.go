package drill

import (
	"context"
	"fmt"
	"time"
)

// Drill is one thing that can be shown.
type Drill struct {
	Name string
	// Short says it in a line, Account which account of an incident it plays.
	Short, Account string
	run            func(ctx context.Context, g *Ground, o Options) error
}

// Options say how a drill is run.
type Options struct {
	// Data is the folder of a sandbox that runs already; empty: the drill runs its own.
	Data string
	// Executable is the holdfast binary.
	Executable string
	// Seconds is how long what has a length takes.
	Seconds int
	// Told takes each result as it comes.
	Told func(Result)
	// Progress takes a line of what is going on.
	Progress func(format string, args ...any)
}

// Result says of one requirement whether it was kept.
type Result struct {
	Drill string `json:"drill"`
	// Requirement is its id in the list of incidents, such as R1.4.
	Requirement string `json:"requirement"`
	OK          bool   `json:"ok"`
	Detail      string `json:"detail"`
	// Measured is what was seen, Promised what has to be.
	Measured string `json:"measured"`
	Promised string `json:"promised"`
}

// drills are all there are, in the order of the list.
var drills = []*Drill{&strike, &festival}

// All lists the drills.
func All() []*Drill { return drills }

// Find returns the drill of a name, or nil.
func Find(name string) *Drill {
	for _, d := range drills {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// Run runs the drill. What was not kept is in the results; an error means that the
// drill itself could not go on.
func (d *Drill) Run(ctx context.Context, o Options) (results []Result, err error) {
	g, err := open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("find a cluster: %w", err)
	}
	defer func() {
		if cerr := g.close(); err == nil {
			err = cerr
		}
	}()
	g.told = func(r Result) {
		r.Drill = d.Name
		results = append(results, r)
		o.Told(r)
	}
	return results, d.run(ctx, g, o)
}

// seconds writes a duration for a result.
func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
