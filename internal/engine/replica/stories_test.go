package replica_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine/storytest"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// platform plays stories on a replica whose clock the story holds.
type platform struct {
	*bench
	now atomic.Int64
}

func (p *platform) start() {
	p.bench = open(p.t, p.log, p.mem, replica.Options{Now: func() time.Time { return time.UnixMilli(p.now.Load()) }})
}

// Do implements storytest.Platform; the replica draws another seed. A command
// that the state's level does not know is refused before it is taken.
func (p *platform) Do(cmd *pb.Command) (catalogue.Result, error) {
	p.now.Store(cmd.At)
	res, err := p.r.Do(context.Background(), cmd)
	var refusal *code.Error
	if errors.As(err, &refusal) && refusal.Code == code.LevelTooLow {
		return catalogue.Result{Code: code.LevelTooLow}, nil
	}
	return res, err
}

// Read implements storytest.Platform.
func (p *platform) Read(f func(table.Reader) error) error {
	return p.r.ReadLatest(context.Background(), f)
}

// Reopen implements storytest.Platform: the state is lost and comes back from
// the log.
func (p *platform) Reopen() error {
	if err := p.r.Close(); err != nil {
		return err
	}
	p.mem = table.NewMem()
	p.start()
	return nil
}

func TestStoriesOnAReplica(t *testing.T) {
	t.Parallel()
	for _, s := range storytest.Stories() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			p := &platform{bench: &bench{t: t, log: newMemLog(), mem: table.NewMem()}}
			p.now.Store(storytest.Start)
			p.start()
			if _, err := storytest.Play(s.Name, s.Text, p); err != nil {
				t.Error(err)
			}
		})
	}
}
