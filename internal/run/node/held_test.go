package node

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// A request whose handler does not notice that its connection has ended holds up
// the stop for a bounded time: it is named, the stores stay open under it, and
// nothing of the path that may be a secret is told.
func TestStopIsNotHeldUpForEver(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	entered, release := make(chan struct{}), make(chan struct{})
	s.sandbox = func(n *Node) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(entered)
			<-release
			if n.Replica().Applied() == 0 {
				t.Error("the state is gone under the handler")
			}
		})
	}
	s.stopWithin = 100 * time.Millisecond
	n := s.open()
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.Addresses().MerchantAPI+"/sandbox/secret-of-somebody", nil)
		if err != nil {
			t.Error(err)
			return
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close() // nothing of it is wanted
		}
	}()
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := n.Run(ctx)
	var held *HeldError
	if !errors.As(err, &held) {
		t.Fatalf("a stop that is held up: %v", err)
	}
	if held.Part != "merchant API" || len(held.Requests) != 1 || !strings.HasPrefix(held.Requests[0], "GET /sandbox for ") || !errors.Is(err, errStopped) {
		t.Errorf("%v, because of %v", held, held.Cause)
	}
	if remedyFor(err) != noRemedy {
		t.Error("the node would be opened again in a process that has its folder open")
	}
	if log := s.log.String(); !strings.Contains(log, "the stop is held up") || strings.Contains(log, "secret-of-somebody") {
		t.Errorf("the log says:\n%s", log)
	}
	close(release)
	if err := <-held.ended; err != nil {
		t.Error(err)
	}
	<-asked
}

// What is told of a path.
func TestPathBeginnings(t *testing.T) {
	t.Parallel()
	var got []string
	for _, path := range []string{"/", "", "/c/abc", "/v3/pay/transactions/out-trade-no/T1", "/v3/refund", "/holdfast.v1.AdminService/Status"} {
		got = append(got, beginning(path))
	}
	if want := []string{"/", "/", "/c", "/v3/pay/transactions", "/v3/refund", "/holdfast.v1.AdminService"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
