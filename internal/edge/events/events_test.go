package events_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/edge/events"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// platform is a state with as many nodes' feeds and views as a test wants.
type platform struct {
	*testing.T
	core *edgetest.Live
	next int
}

func open(t *testing.T) *platform {
	p := &platform{T: t, core: edgetest.NewLive(t)}
	for uid := range 3 {
		p.core.Must(catalogue.PersonAdd, &pb.PersonAdd{Ref: fmt.Sprint("p", uid), Name: "x"})
	}
	return p
}

// node is a feed with views of its own.
func (p *platform) node() *events.Feed {
	p.Helper()
	kinds := machine.Rules().Kinds()
	v, err := view.Open(p.TempDir(), view.Options{Kinds: kinds, Pause: time.Millisecond})
	if err != nil {
		p.Fatal(err)
	}
	f := events.New(p.core, v, kinds, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- v.Run(ctx, p.core) }()
	go func() { f.Run(ctx); ended <- nil }()
	p.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, <-ended, v.Close()); err != nil {
			p.Error(err)
		}
	})
	return f
}

// topup gives a person money: one entry that concerns them.
func (p *platform) topup(uid uint64) {
	p.next++
	p.core.Must(catalogue.PersonTopup, &pb.PersonTopup{Uid: uid, Amount: 1, Currency: money.CNY, Ref: fmt.Sprint("t", p.next), Line: "test"})
}

var errEnough = errors.New("enough")

// Somebody who comes and goes, from node to node, is told each entry once and in order,
// and none of another's.
func TestNothingIsMissedNorToldTwice(t *testing.T) {
	p := open(t)
	nodes := []*events.Feed{p.node(), p.node()}
	rng := rand.New(rand.NewPCG(1, 2))
	const all = 300
	feeding := make(chan struct{})
	var told []uint64
	cursor := uint64(0)
	begun := make(chan struct{})
	go func() {
		defer close(feeding)
		<-begun
		for range all {
			p.topup(1)
			p.topup(2)
		}
	}()
	for visit := 0; len(told) < all; visit++ {
		rest := 1 + rng.IntN(40)
		err := nodes[visit%2].Follow(t.Context(), []events.Subject{{Person: 1}}, cursor, func(seqs []uint64, at uint64) error {
			if visit == 0 && cursor == 0 {
				close(begun)
			}
			told, cursor = append(told, seqs...), at
			if rest -= len(seqs); rest <= 0 || len(told) >= all {
				return errEnough
			}
			return nil
		})
		if !errors.Is(err, errEnough) {
			t.Fatal(err)
		}
	}
	<-feeding
	if len(told) != all || !slices.IsSorted(told) || len(slices.Compact(slices.Clone(told))) != all {
		t.Errorf("told of %d of %d, in order: %t", len(told), all, slices.IsSorted(told))
	}
}

func TestWhoReadsTooSlowlyIsCutOff(t *testing.T) {
	p := open(t)
	f := p.node()
	stuck, goOn := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		begun := false
		ended <- f.Follow(t.Context(), []events.Subject{{Person: 1}}, 0, func(seqs []uint64, _ uint64) error {
			if !begun {
				begun = true
				close(stuck)
				<-goOn
			}
			return nil
		})
	}()
	<-stuck
	for range 1200 {
		p.topup(1)
	}
	quick := 0 // somebody else's stream is told meanwhile, which shows that the feed has gone on
	_ = f.Follow(t.Context(), []events.Subject{{Person: 1}}, 1, func(seqs []uint64, _ uint64) error {
		if quick += len(seqs); quick >= 1200 {
			return errEnough
		}
		return nil
	})
	close(goOn)
	if err := <-ended; !errors.Is(err, events.ErrSlow) {
		t.Errorf("the slow stream ended with %v", err)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	p := open(t)
	f := p.node()
	ended := make(chan error, 32)
	first := make(chan struct{})
	follow := func(begun chan struct{}) {
		ended <- f.Follow(t.Context(), []events.Subject{{Person: 1}}, 0, func([]uint64, uint64) error {
			if begun != nil {
				close(begun)
				begun = nil
			}
			return nil
		})
	}
	go follow(first)
	<-first
	for range 16 {
		begun := make(chan struct{})
		go follow(begun)
		<-begun
	}
	if err := <-ended; !errors.Is(err, events.ErrReplaced) {
		t.Errorf("the oldest ended with %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for range 16 {
		if err := <-ended; !errors.Is(err, events.ErrStopping) {
			t.Errorf("a stream of a node that stops ended with %v", err)
		}
	}
	if err := f.Follow(t.Context(), []events.Subject{{Person: 1}}, 0, nil); !errors.Is(err, events.ErrStopping) || f.Streams() != 0 {
		t.Errorf("a stopped node takes streams: %v, %d", err, f.Streams())
	}
}

// A reader of a node that was ahead is told only what it does not know.
func TestACursorAheadOfTheNode(t *testing.T) {
	p := open(t)
	f := p.node()
	var size uint64
	_ = f.Follow(t.Context(), []events.Subject{{Person: 1}}, 0, func(_ []uint64, at uint64) error {
		size = at
		return errEnough
	})
	begun := false
	err := f.Follow(t.Context(), []events.Subject{{Person: 1}}, size+2, func(seqs []uint64, _ uint64) error {
		if !begun {
			begun = true
			go func() {
				for range 4 {
					p.topup(1)
				}
			}()
			return nil
		}
		if len(seqs) == 0 || seqs[0] < size+2 {
			return fmt.Errorf("told of %v again", seqs)
		}
		if seqs[len(seqs)-1] == size+3 {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Error(err)
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
