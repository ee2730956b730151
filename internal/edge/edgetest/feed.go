package edgetest

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/events"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/view"
)

// Told is a core whose views follow it, and which tells what happens.
type Told struct {
	*Live
	Views *view.Views
	Feed  *events.Feed
	t     testing.TB
}

// NewTold opens one. Serve says who is told.
func NewTold(t testing.TB) *Told {
	t.Helper()
	l := &Told{Live: NewLive(t), t: t}
	kinds := machine.Rules().Kinds()
	var err error
	if l.Views, err = view.Open(t.TempDir(), view.Options{Kinds: kinds, Pause: time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	l.Feed = events.New(l.Live, l.Views, kinds, slog.New(slog.DiscardHandler))
	return l
}

// Serve begins to tell, and starts the server. When the test ends the streams do, then
// the server, then what feeds them.
func (l *Told) Serve(s *httptest.Server) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- l.Views.Run(ctx, l.Live) }()
	go func() { l.Feed.Run(ctx); ended <- nil }()
	s.Start()
	l.t.Cleanup(func() {
		err := l.Feed.Close()
		s.Close()
		cancel()
		if err = errors.Join(err, <-ended, <-ended, l.Views.Close()); err != nil {
			l.t.Error(err)
		}
	})
}
