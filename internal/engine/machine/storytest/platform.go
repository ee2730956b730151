package storytest

import (
	"fmt"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Platform is what a story is played on.
type Platform interface {
	// Do runs a command at its time. It may draw another seed.
	Do(cmd *pb.Command) (catalogue.Result, error)
	// Read calls f with the state as it is.
	Read(f func(table.Reader) error) error
	// Reopen closes the platform and opens it again on what it stored.
	Reopen() error
}

// Single is a Platform of one machine that applies each command as a frame of
// its own.
type Single struct {
	Machine *machine.Machine

	backend table.Backend
	reopen  func() (table.Backend, error)
	opt     machine.Options
	index   uint64
}

// NewSingle opens a machine over a backend. reopen answers the backend after a
// restart; nil goes on with the same one.
func NewSingle(backend table.Backend, reopen func() (table.Backend, error), opt machine.Options) (*Single, error) {
	m, err := machine.Open(backend, opt)
	if err != nil {
		return nil, err
	}
	index, _ := m.Applied()
	return &Single{Machine: m, backend: backend, reopen: reopen, opt: opt, index: index}, nil
}

// Do implements Platform.
func (s *Single) Do(cmd *pb.Command) (catalogue.Result, error) {
	results, err := s.Frame(table.Encode(cmd))
	if err != nil {
		return catalogue.Result{}, err
	}
	return results[0], nil
}

// Frame applies encoded commands as the next frame.
func (s *Single) Frame(commands ...[]byte) ([]catalogue.Result, error) {
	results, err := s.Machine.Apply(s.index+1, 1, table.Encode(&pb.Frame{Commands: commands}))
	if err != nil {
		return nil, err
	}
	s.index++
	if len(results) != len(commands) {
		return nil, fmt.Errorf("%d commands got %d results", len(commands), len(results))
	}
	return results, nil
}

// Read implements Platform.
func (s *Single) Read(f func(table.Reader) error) error {
	snap := s.backend.Snapshot()
	defer snap.Close()
	return table.Read(snap, f)
}

// Reopen implements Platform.
func (s *Single) Reopen() (err error) {
	if s.reopen != nil {
		if s.backend, err = s.reopen(); err != nil {
			return err
		}
	}
	if s.Machine, err = machine.Open(s.backend, s.opt); err != nil {
		return err
	}
	s.index, _ = s.Machine.Applied()
	return nil
}
