package gate

import (
	"context"
	"net/http"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/sleep"
)

// Surface is an edge that can be guarded: it says what a request asks for and
// words refusals.
type Surface interface {
	// Asked looks at route and header only; it must cost next to nothing.
	Asked(r *http.Request) Asked
	// Refuse answers a request that was not let in, as cheaply as can be: nothing
	// was done for it. The body has not been read.
	Refuse(w http.ResponseWriter, r *http.Request, why Refusal)
}

// Guard lets requests through to next by the gate's rules. Several handlers may
// be guarded by one gate.
func (g *Gate) Guard(s Surface, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, refusal := g.enter(r.Context(), s.Asked(r), r.RemoteAddr)
		if refusal != nil {
			g.keepBack(r.Context(), refusal.hold)
			s.Refuse(w, r, *refusal)
			return
		}
		defer g.leave(p)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), passKey{}, p)))
	})
}

// keepBack waits before a refusal is sent, or until the client has gone.
func (g *Gate) keepBack(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	g.held(1)
	defer g.held(-1)
	_ = sleep.For(ctx, d) // a client that has gone gets no refusal
}

func (g *Gate) held(n int) {
	g.mu.Lock()
	g.pace.held += n
	g.mu.Unlock()
}
