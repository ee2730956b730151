package balance_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-pay/holdfast/internal/run/balance"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is a node as the balancer sees one.
type node struct {
	server *httptest.Server
	ready  atomic.Bool
	hang   atomic.Pointer[chan struct{}] // requests wait for it
}

func startNode(t *testing.T, name string) *node {
	t.Helper()
	n := new(node)
	n.ready.Store(true)
	n.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wait := n.hang.Load(); wait != nil {
			<-*wait
		}
		if r.URL.Path == "/readyz" && !n.ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, name)
	}))
	t.Cleanup(func() { n.server.CloseClientConnections(); n.server.Close() })
	return n
}

// rig is a balancer before three nodes.
type rig struct {
	*balance.Balancer
	nodes   []*node
	address string
}

func start(t *testing.T) *rig {
	t.Helper()
	r := &rig{}
	opt := balance.Options{Every: 10 * time.Millisecond, Silent: 300 * time.Millisecond}
	for _, name := range []string{"n1", "n2", "n3"} {
		n := startNode(t, name)
		r.nodes = append(r.nodes, n)
		opt.Nodes = append(opt.Nodes, balance.Target{Name: name, Address: n.server.Listener.Addr().String(), Ready: n.server.URL + "/readyz"})
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.Balancer, r.address = balance.New(opt), l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- r.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_ = r.Close(ctx) // a test may have closed it
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	r.await(t, "n1", "n2", "n3")
	return r
}

// await waits until these nodes, and no others, get connections.
func (r *rig) await(t *testing.T, names ...string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !slices.Equal(r.Ready(), names); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("ready are %v, not %v", r.Ready(), names)
		}
	}
}

// get asks over a connection of its own.
func (r *rig) get() (string, error) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + r.address + "/")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

func (r *rig) count(t *testing.T, times int) map[string]int {
	t.Helper()
	seen := map[string]int{}
	for range times {
		name, err := r.get()
		if err != nil {
			t.Fatal(err)
		}
		seen[name]++
	}
	return seen
}

func TestTakesTurns(t *testing.T) {
	r := start(t)
	seen := r.count(t, 30)
	for _, name := range []string{"n1", "n2", "n3"} {
		if seen[name] < 8 {
			t.Errorf("of 30 connections %v", seen)
		}
	}
}

func TestNodeThatIsNotReadyGetsNoConnections(t *testing.T) {
	r := start(t)
	r.nodes[1].ready.Store(false)
	r.await(t, "n1", "n3")
	if seen := r.count(t, 20); seen["n2"] != 0 {
		t.Errorf("n2 is not ready: %v", seen)
	}
	r.nodes[1].ready.Store(true)
	r.await(t, "n1", "n2", "n3")
}

func TestNodeThatIsGoneIsPassedOver(t *testing.T) {
	r := start(t)
	r.nodes[0].server.Close() // it counts as ready until it is asked again
	if seen := r.count(t, 20); seen["n1"] != 0 {
		t.Errorf("n1 is gone: %v", seen)
	}
}

// With no node ready the client gets a node's own answer, not none.
func TestNobodyReady(t *testing.T) {
	r := start(t)
	for _, n := range r.nodes {
		n.ready.Store(false)
	}
	r.await(t)
	if name, err := r.get(); err != nil || name == "" {
		t.Errorf("answered %q, %v", name, err)
	}
}

// A node that hangs has its connections cut, so that its clients go elsewhere.
func TestConnectionsOfASilentNodeAreCut(t *testing.T) {
	r := start(t)
	wait := make(chan struct{})
	defer close(wait)
	for _, n := range r.nodes {
		n.hang.Store(&wait)
	}
	began := time.Now()
	if name, err := r.get(); err == nil {
		t.Errorf("a hanging node answered %q", name)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("cut after %v", took)
	}
}

// Close lets a request under way finish and takes no new ones.
func TestCloseDrains(t *testing.T) {
	wait := make(chan struct{})
	reached := make(chan struct{}, 1)
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path != "/readyz" {
			reached <- struct{}{}
			<-wait
		}
		fmt.Fprint(w, "slow")
	}))
	defer slow.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := balance.New(balance.Options{Nodes: []balance.Target{{Name: "slow", Address: slow.Listener.Addr().String(), Ready: slow.URL + "/readyz"}}})
	served := make(chan error, 1)
	go func() { served <- b.Serve(l) }()
	answered := make(chan error, 1)
	go func() {
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + l.Addr().String() + "/")
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		answered <- err
	}()
	<-reached
	closed := make(chan error, 1)
	go func() { closed <- b.Close(t.Context()) }()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		_ = c.Close()
		t.Error("a closed balancer takes connections")
	}
	close(wait)
	if err := <-answered; err != nil {
		t.Errorf("the request under way: %v", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// Connections that clients only keep don't hold Close up.
func TestCloseEndsIdleConnections(t *testing.T) {
	r := start(t)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("http://" + r.address + "/")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	began := time.Now()
	if err := r.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("Close took %v", took)
	}
}

// Connections that say nothing shut nobody out, and are not more than there is room for.
func TestSilentConnections(t *testing.T) {
	t.Parallel()
	n := startNode(t, "n1")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Balancer: balance.New(balance.Options{Most: 4, Every: 10 * time.Millisecond, Nodes: []balance.Target{
		{Name: "n1", Address: n.server.Listener.Addr().String(), Ready: n.server.URL + "/readyz"}}}), address: l.Addr().String()}
	served := make(chan error, 1)
	go func() { served <- r.Serve(l) }()
	r.await(t, "n1")
	for range 30 {
		c, err := net.Dial("tcp", r.address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	if seen := r.count(t, 10); seen["n1"] != 10 {
		t.Errorf("%v of 10 requests arrived", seen)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := r.Close(ctx); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
