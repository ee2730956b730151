package node

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/raftlog"
	"github.com/holdfast-pay/holdfast/internal/engine/store"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// TestBinaryTooOldForItsFolder: a node whose log or state is of a newer binary
// does not start, however often it is tried; the folder is not called damaged, it
// is not healed, and nothing is offered for quarantine.
func TestBinaryTooOldForItsFolder(t *testing.T) {
	t.Parallel()
	for name, age := range map[string]func(*testing.T, *site){"the log": raiseInLog, "the state": raiseInState} {
		s := newSite(t)
		s.stop(s.open())
		age(t, s)
		for range stopsToReadOnly + 1 {
			_, err := s.try()
			var old *machine.Outdated
			if !errors.As(err, &old) || old.Level != machine.MaxLevel+1 || remedyFor(err) != noRemedy {
				t.Fatalf("%s: it started with %v", name, err)
			}
			var start *StartError
			if errors.As(err, &start) && start.Damage {
				t.Errorf("%s: %v is called damage", name, err)
			}
		}
		if stops, err := Stops(s.cfg.Data); err != nil || len(stops) > 0 {
			t.Errorf("%s: stops are recorded: %v %v", name, stops, err)
		}
		if _, err := AddQuarantine(s.cfg.Data, 1); !errors.Is(err, ErrNoStop) {
			t.Errorf("%s: quarantine says %v", name, err)
		}
	}
}

// raiseInLog appends what a newer leader would have logged.
func raiseInLog(t *testing.T, s *site) {
	l, err := raftlog.Open(s.cfg.Data+"/log", raftlog.Options{Logger: slog.New(slog.DiscardHandler), Fatal: s.fault})
	if err != nil {
		t.Fatal(err)
	}
	last, err := l.LastIndex()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := l.Entries(last, last+1, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	hs, _, err := l.InitialState()
	if err != nil {
		t.Fatal(err)
	}
	last++
	hs.Commit = &last
	raise := catalogue.NewCommand(catalogue.SetLevel, "test", "", &pb.SetLevel{Level: machine.MaxLevel + 1, Version: "v9"})
	entries[0].Index, entries[0].Data = &last, table.Encode(&pb.Frame{Commands: [][]byte{table.Encode(raise)}})
	if err := errors.Join(l.Append(hs, entries, true), l.Close()); err != nil {
		t.Fatal(err)
	}
}

func raiseInState(t *testing.T, s *site) {
	st, err := store.Open(s.cfg.Data+"/state", store.Options{Logger: slog.New(slog.DiscardHandler), Fatal: s.fault})
	if err != nil {
		t.Fatal(err)
	}
	head, _, err := st.DurableHead()
	if err != nil {
		t.Fatal(err)
	}
	head.Level = machine.MaxLevel + 1
	key := table.K(table.Head)
	if err := errors.Join(st.Commit([]table.Write{{Key: key, Stored: table.Seal(nil, key, table.Encode(head))}}), st.Close()); err != nil {
		t.Fatal(err)
	}
}
