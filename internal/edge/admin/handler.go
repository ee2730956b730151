package admin

import (
	"context"
	"net/http"
	"net/http/pprof"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// maxMessage bounds a request: a certificate and a few settings.
const maxMessage = 256 << 10

// minCompressed is the least size of an answer that is worth compressing.
const minCompressed = 4 << 10

// Probes tell an operator's tools how the node is. They answer "" for well and
// a reason otherwise.
type Probes struct {
	// Alive is false in a process that should be started anew.
	Alive func() string
	// Ready says whether the node takes payments; Queries whether it answers
	// queries, as a read-only node does.
	Ready   func() string
	Queries func() string
	// Metrics serves Prometheus' text format; OpenMetrics needs no token for it.
	Metrics     http.Handler
	OpenMetrics bool
}

// Handler serves the whole admin address:
//
//	/healthz                 200 while the process works            open
//	/readyz[?for=queries]    200 when ready, 503 with the reason    open
//	/metrics                 Prometheus                             token, unless opened
//	/debug/pprof/            profiles                               token
//	/holdfast.v1.AdminService/...                                   token
//	/holdfast.v1.StaffService/...                                   an operator's token or session
//
// service answers the service and what to call when done with it, or nil while
// the node is starting or stopping: health answers all the same.
func Handler(service func() (s *Server, done func()), tokens *Tokens, p Probes) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", probe(func(*http.Request) string { return p.Alive() }))
	mux.HandleFunc("GET /readyz", probe(func(r *http.Request) string {
		if r.URL.Query().Get("for") == "queries" {
			return p.Queries()
		}
		return p.Ready()
	}))
	in := &entrance{tokens: tokens, service: service, refusals: connect.NewErrorWriter()}
	metrics := p.Metrics
	if !p.OpenMetrics {
		metrics = in.to(metricsAsked, metrics)
	}
	mux.Handle("GET /metrics", metrics)
	profiles := http.NewServeMux()
	profiles.HandleFunc("/debug/pprof/", pprof.Index)
	profiles.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	profiles.HandleFunc("/debug/pprof/profile", pprof.Profile)
	profiles.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	profiles.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.Handle("/debug/pprof/", in.to(profilesAsked, profiles))
	mux.Handle("/"+pbconnect.AdminServiceName+"/", in.to("", calls(service, func(s *Server) http.Handler { return s.calls })))
	mux.Handle("/"+pbconnect.StaffServiceName+"/", calls(service, func(s *Server) http.Handler { return s.Members }))
	return mux
}

// calls serves a service once it is there.
func calls(service func() (*Server, func()), which func(*Server) http.Handler) http.Handler {
	refusal := connect.NewErrorWriter()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, done := service()
		if s == nil {
			_ = refusal.Write(w, r, connect.NewError(connect.CodeUnavailable, errNotNow)) // the client may have gone
			return
		}
		defer done()
		if h := which(s); h != nil {
			h.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	})
}

func probe(reason func(*http.Request) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if why := reason(r); why != "" {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(why + "\n"))
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	}
}

// whose names a call's caller in the log.
func whose(ctx context.Context) []any {
	return []any{"actor", actor(ctx), "request_id", requestID(ctx)}
}
