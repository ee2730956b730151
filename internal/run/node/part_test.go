package node

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

// toy is a part as a new one would be written.
type toy struct {
	part
	saw *[]string
}

func (n *toy) Start(context.Context) error {
	for _, what := range []string{"opened first", "opened second"} {
		n.onClose(what, func() error {
			*n.saw = append(*n.saw, what)
			return errors.New("it is stuck")
		})
	}
	n.spawn("loop", func(ctx context.Context) {
		<-ctx.Done()
		*n.saw = append(*n.saw, "the loop ended")
	})
	return nil
}

// What a part opened is closed in reverse, all of it even when some fails, and
// nothing of it is left running.
func TestPartClosesInReverse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var saw []string
	p := &toy{part{shared: newShared(Options{Config: s.cfg, Log: slog.New(slog.DiscardHandler)})}, &saw}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.Metrics() != nil {
		t.Error("a part without figures has some")
	}
	err := p.Close()
	if want := []string{"the loop ended", "opened second", "opened first"}; !slices.Equal(saw, want) {
		t.Errorf("closed %q, want %q", saw, want)
	}
	if err == nil || strings.Count(err.Error(), "it is stuck") != 2 {
		t.Errorf("closing failed twice and says %v", err)
	}
	p.work.Wait()
}

// Every part has a name of its own, and its place a reason.
func TestPlacesHaveReasons(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	seen := map[string]bool{}
	for _, p := range assemble(newShared(Options{Config: s.cfg, Log: slog.New(slog.DiscardHandler)}), s.cfg) {
		if p.name == "" || p.why == "" || p.part == nil || seen[p.name] {
			t.Errorf("%+v", p)
		}
		seen[p.name] = true
	}
}
