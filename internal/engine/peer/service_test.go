package peer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/peer"
	"github.com/holdfast-pay/holdfast/internal/engine/snapshot"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// backend answers what it was told to.
type backend struct {
	err   error
	who   peer.Caller
	block chan struct{} // Execute waits for it, if not nil
}

func (b *backend) Execute(ctx context.Context, req *pb.ExecuteRequest) (*pb.ExecuteResponse, error) {
	if b.block != nil {
		select {
		case <-b.block:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return &pb.ExecuteResponse{Index: 42, Body: []byte(req.Command.GetActor())}, b.err
}

func (b *backend) Join(_ context.Context, who peer.Caller, req *pb.JoinRequest) (*pb.JoinResponse, error) {
	b.who = who
	return &pb.JoinResponse{Cert: []byte(req.Token)}, b.err
}

func (b *backend) Renew(_ context.Context, who peer.Caller, req *pb.RenewRequest) (*pb.RenewResponse, error) {
	b.who = who
	return &pb.RenewResponse{Cert: req.Csr}, b.err
}

func (b *backend) Keys(_ context.Context, req *pb.KeysRequest) (*pb.KeysResponse, error) {
	return &pb.KeysResponse{Generation: req.Generation + 1}, b.err
}

func (b *backend) PutDataKeys(_ context.Context, req *pb.PutDataKeysRequest) (*pb.PutDataKeysResponse, error) {
	return &pb.PutDataKeysResponse{}, b.err
}

func (b *backend) DataKeys(_ context.Context, req *pb.DataKeysRequest) (*pb.DataKeysResponse, error) {
	return &pb.DataKeysResponse{Part: req.From + 1, Keys: []*pb.DataKey{{Id: req.Sums}}}, b.err
}

func (b *backend) PutKeys(_ context.Context, req *pb.PutKeysRequest) (*pb.PutKeysResponse, error) {
	return &pb.PutKeysResponse{Generation: uint64(len(req.Keys))}, b.err
}

func (b *backend) Manifest(_ context.Context, req *pb.ManifestRequest) (*pb.SnapshotManifest, error) {
	return &pb.SnapshotManifest{Index: req.AtLeast}, b.err
}

func (b *backend) ReadSnapshot(_ context.Context, req *pb.ReadSnapshotRequest, send func([]byte) error) error {
	for i := range req.Length {
		if err := send([]byte{byte(req.Offset + i)}); err != nil {
			return err
		}
	}
	return b.err
}

func serving(b *backend) func(*peer.Options) {
	return func(o *peer.Options) { o.Backend = b }
}

// client is one with the given certificate holder.
func client(t *testing.T, h *holder) *peer.Client {
	t.Helper()
	c := peer.NewClient(h.client())
	t.Cleanup(c.Close)
	return c
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestCallsReachTheBackend(t *testing.T) {
	t.Parallel()
	a, b := newCA(t), &backend{}
	n := start(t, a, 1, serving(b))
	at := client(t, a.holder(a.issue(t, "berta", "node", time.Hour))).At(n.address)
	ctx := within(t)
	cmd := &pb.Command{Actor: "shop"}
	if r, err := at.Execute(ctx, &pb.ExecuteRequest{Command: cmd}); err != nil || r.Index != 42 || string(r.Body) != "shop" {
		t.Errorf("execute: %v, %v", r, err)
	}
	if r, err := at.Renew(ctx, &pb.RenewRequest{Csr: []byte("csr")}); err != nil || string(r.Cert) != "csr" || b.who.Name != "berta" || b.who.Address == "" {
		t.Errorf("renew: %v, %v by %+v", r, err, b.who)
	}
	if r, err := at.Keys(ctx, &pb.KeysRequest{Generation: 3}); err != nil || r.Generation != 4 {
		t.Errorf("keys: %v, %v", r, err)
	}
	if r, err := at.PutKeys(ctx, &pb.PutKeysRequest{Keys: make([]byte, 3<<20)}); err != nil || r.Generation != 3<<20 {
		t.Errorf("put keys: %v, %v", r, err)
	}
	if _, err := at.PutDataKeys(ctx, &pb.PutDataKeysRequest{}); err != nil {
		t.Errorf("put data keys: %v", err)
	}
	if r, err := at.DataKeys(ctx, &pb.DataKeysRequest{Sums: []byte("sums"), From: 6}); err != nil || r.Part != 7 || string(r.Keys[0].Id) != "sums" {
		t.Errorf("data keys: %v, %v", r, err)
	}
	if r, err := at.Manifest(ctx, &pb.ManifestRequest{AtLeast: 5}); err != nil || r.Index != 5 {
		t.Errorf("manifest: %v, %v", r, err)
	}
	var got []byte
	take := func(p []byte) error { got = append(got, p...); return nil }
	if err := at.ReadSnapshot(ctx, &pb.ReadSnapshotRequest{Offset: 7, Length: 3}, take); err != nil || !bytes.Equal(got, []byte{7, 8, 9}) {
		t.Errorf("read: %v, %v", got, err)
	}
	enough := errors.New("enough")
	if err := at.ReadSnapshot(ctx, &pb.ReadSnapshotRequest{Length: 200}, func([]byte) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("a reader that has enough: %v", err)
	}
}

func TestErrorsKeepTheirKind(t *testing.T) {
	t.Parallel()
	a, b := newCA(t), &backend{}
	n := start(t, a, 1, serving(b))
	at := client(t, a.holder(a.issue(t, "berta", "node", time.Hour))).At(n.address)
	for _, kind := range []error{peer.ErrNotLeader, peer.ErrDenied, peer.ErrInvalid, peer.ErrUnavailable,
		snapshot.ErrNotYet, snapshot.ErrGone, context.DeadlineExceeded} {
		b.err = fmt.Errorf("because of this: %w", kind)
		_, err := at.Execute(within(t), &pb.ExecuteRequest{})
		var call *peer.CallError
		if !errors.Is(err, kind) || !errors.As(err, &call) || call.Unsent || !strings.Contains(err.Error(), "because of this") || !strings.Contains(err.Error(), n.address) {
			t.Errorf("%v arrives as %v", kind, err)
		}
		if err := at.ReadSnapshot(within(t), &pb.ReadSnapshotRequest{}, nil); !errors.Is(err, kind) {
			t.Errorf("%v arrives from a stream as %v", kind, err)
		}
	}
	b.err = errors.New("disk on fire")
	if _, err := at.Execute(within(t), &pb.ExecuteRequest{}); err == nil || !strings.Contains(err.Error(), "disk on fire") {
		t.Errorf("another error arrives as %v", err)
	}
}

func TestCallsNeedANodesCertificate(t *testing.T) {
	t.Parallel()
	a, foreign, b := newCA(t), newCA(t), &backend{}
	admin := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { t.Error("the administration was reached") })
	n := start(t, a, 1, func(o *peer.Options) { o.Backend, o.Admin = b, admin })
	courier := a.holder(a.issue(t, "courier", "courier", time.Hour))
	nobody := a.holder(nil)
	stranger := foreign.holder(foreign.issue(t, "node", "node", time.Hour))
	stranger.pool = a.pool
	for name, h := range map[string]*holder{"courier": courier, "nobody": nobody, "stranger": stranger} {
		at := client(t, h).At(n.address)
		_, err := at.Execute(within(t), &pb.ExecuteRequest{})
		var call *peer.CallError
		if !errors.As(err, &call) || name != "stranger" && !errors.Is(err, peer.ErrDenied) {
			t.Errorf("%s: %v", name, err)
		}
		if err := at.ReadSnapshot(within(t), &pb.ReadSnapshotRequest{Length: 1}, nil); err == nil {
			t.Errorf("%s read a snapshot", name)
		}
		req, err := http.NewRequestWithContext(within(t), http.MethodGet, "http://x/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := at.Admin().RoundTrip(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s: administration answers %s", name, resp.Status)
			}
		}
	}
	for _, h := range []*holder{courier, nobody} {
		r, err := peer.Join(within(t), h.client(), n.address, &pb.JoinRequest{Token: "token"})
		if err != nil || string(r.Cert) != "token" || b.who.Name != "" {
			t.Errorf("join: %v, %v by %+v", r, err, b.who)
		}
	}
	if _, err := peer.Join(within(t), nobody.client(), n.address, &pb.JoinRequest{Token: strings.Repeat("x", 1<<20)}); err == nil {
		t.Error("a megabyte was taken from nobody")
	}
	if _, err := peer.Join(within(t), stranger.client(), n.address, &pb.JoinRequest{}); err == nil {
		t.Error("a certificate of another authority was taken")
	}
	member := a.holder(a.issue(t, "carla", "node", time.Hour))
	if _, err := peer.Join(within(t), member.client(), n.address, &pb.JoinRequest{}); err != nil || b.who.Name != "carla" {
		t.Errorf("join with a certificate: %v by %+v", err, b.who)
	}
}

// What was never sent was never done: the caller may try elsewhere.
func TestUnsentCalls(t *testing.T) {
	t.Parallel()
	a, foreign := newCA(t), newCA(t)
	n := start(t, a, 1, serving(&backend{}))
	p := newProxy(t, n.address)
	gone := p.address()
	_ = p.l.Close()
	good, bad := a.holder(a.issue(t, "berta", "node", time.Hour)), foreign.holder(nil)
	for name, c := range map[string]struct {
		h       *holder
		address string
	}{"nobody listens": {good, gone}, "another authority": {bad, n.address}} {
		_, err := client(t, c.h).At(c.address).Execute(within(t), &pb.ExecuteRequest{})
		var call *peer.CallError
		if !errors.As(err, &call) || !call.Unsent || !errors.Is(err, peer.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDeadlineGoesAlong(t *testing.T) {
	t.Parallel()
	a, b := newCA(t), &backend{block: make(chan struct{})}
	n := start(t, a, 1, serving(b))
	at := client(t, a.holder(a.issue(t, "berta", "node", time.Hour))).At(n.address)
	ctx, cancel := context.WithTimeout(within(t), 50*time.Millisecond)
	defer cancel()
	if _, err := at.Execute(ctx, &pb.ExecuteRequest{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("answered %v", err)
	}
}

// A node that is cut off ends calls within seconds, whatever their deadline.
func TestSilentNodeEndsCalls(t *testing.T) {
	t.Parallel()
	a, b := newCA(t), &backend{}
	n := start(t, a, 1, serving(b))
	p := newProxy(t, n.address)
	at := client(t, a.holder(a.issue(t, "berta", "node", time.Hour))).At(p.address())
	if _, err := at.Execute(within(t), &pb.ExecuteRequest{}); err != nil {
		t.Fatal(err)
	}
	p.stall()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	began := time.Now()
	_, err := at.Execute(ctx, &pb.ExecuteRequest{})
	var call *peer.CallError
	if !errors.As(err, &call) || call.Unsent || time.Since(began) > 15*time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}

func TestRenewedCertificateIsUsed(t *testing.T) {
	t.Parallel()
	a, b := newCA(t), &backend{}
	n := start(t, a, 1, serving(b))
	h := a.holder(a.issue(t, "old", "node", 1500*time.Millisecond))
	at := client(t, h).At(n.address)
	name := func() string {
		_, err := at.Renew(within(t), &pb.RenewRequest{})
		if err != nil && !errors.Is(err, peer.ErrDenied) {
			t.Errorf("renew: %v", err)
		}
		return b.who.Name
	}
	if got := name(); got != "old" {
		t.Fatalf("called as %q", got)
	}
	h.renew(a.issue(t, "new", "node", time.Hour))
	wait(t, "a call with the new certificate", func() bool { return name() == "new" })
}

func TestAdministrationIsPassedOn(t *testing.T) {
	t.Parallel()
	a := newCA(t)
	n := start(t, a, 1, func(o *peer.Options) {
		o.Admin = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), body)
		})
	})
	at := client(t, a.holder(a.issue(t, "berta", "node", time.Hour))).At(n.address)
	req, err := http.NewRequestWithContext(within(t), http.MethodPost, "http://127.0.0.1:1/a.Service/Do%2Fit?x=1", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer secret")
	resp, err := (&http.Client{Transport: at.Admin()}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if want := "POST /a.Service/Do%2Fit?x=1 Bearer secret body"; err != nil || string(got) != want {
		t.Errorf("the leader got %q, want %q (%v)", got, want, err)
	}
	if req.URL.Host != "127.0.0.1:1" {
		t.Error("the request given was changed")
	}
}

// Close ends calls that do not end by themselves, and takes no new ones.
func TestCloseEndsCalls(t *testing.T) {
	t.Parallel()
	a, b := newCA(t), &backend{block: make(chan struct{})}
	n := start(t, a, 1, serving(b))
	at := client(t, a.holder(a.issue(t, "berta", "node", time.Hour))).At(n.address)
	answered := make(chan error, 1)
	go func() {
		_, err := at.Execute(within(t), &pb.ExecuteRequest{})
		answered <- err
	}()
	wait(t, "the call", func() bool { return n.Metrics().Calls == 1 })
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err == nil {
		t.Error("the call was answered")
	}
	if _, err := at.Execute(within(t), &pb.ExecuteRequest{}); err == nil {
		t.Error("a closed transport answers")
	}
}
