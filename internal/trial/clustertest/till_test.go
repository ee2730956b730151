//go:build linux

package clustertest

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	"github.com/holdfast-pay/holdfast/internal/trial/proctest"
)

// counter is a till of the demo shop with somebody at it.
type counter struct {
	*testing.T
	places []proctest.Place
	web    *http.Client
	till   uint64
	// link is what the till's printed code says.
	link, token string
}

// office is the administration of a sandbox of several nodes.
func office(t *testing.T, dir string, s proctest.Sandbox) pbconnect.AdminServiceClient {
	t.Helper()
	o, err := admin.Dial(admin.Address{URL: s.AdminURL, TokenFile: filepath.Join(dir, "n1", "admin.token")})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// openCounter adds a till and a cashier of the demo shop's.
func openCounter(t *testing.T, dir string, s proctest.Sandbox, web *http.Client) *counter {
	t.Helper()
	c := &counter{T: t, places: proctest.Places(t, dir), web: web}
	o := office(t, dir, s)
	a, err := o.TillAdd(t.Context(), connect.NewRequest(&pb.AdminTillAddRequest{Mchid: s.Mchid, Name: "test"}))
	if err != nil {
		t.Fatal(err)
	}
	who := &pb.AdminStaffRequest{Mchid: s.Mchid, Ref: "cashier"}
	if _, err := o.StaffAdd(t.Context(), connect.NewRequest(&pb.AdminStaffAddRequest{Mchid: who.Mchid, Ref: who.Ref, Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_CASHIER}})); err != nil {
		t.Fatal(err)
	}
	b, err := o.StaffToken(t.Context(), connect.NewRequest(who))
	if err != nil {
		t.Fatal(err)
	}
	c.till, c.link, c.token = a.Msg.Till, a.Msg.Link, b.Msg.Token
	return c
}

// charge charges a shown code, first at a node and then at the others until one answers:
// the same order and code again are the same payment.
func (c *counter) charge(node int, id, shown string, fen int64) (*pb.TillOrder, error) {
	ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
	defer cancel()
	q := &pb.ChargeCodeRequest{Order: &pb.TillOrderRequest{Till: c.till, Amount: fen, Description: "tea", ClientId: id}, Code: shown}
	for ; ; node++ {
		url := "http://" + c.places[node%len(c.places)].Wallet
		a, err := pbconnect.NewTillServiceClient(c.web, url, connect.WithInterceptors(admin.Bearer(c.token))).ChargeCode(ctx, connect.NewRequest(q))
		if err == nil {
			return a.Msg, nil
		}
		if is, answered := rpc.CodeOf(err); answered && is != code.Overloaded && connect.CodeOf(err) != connect.CodeUnavailable {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("charge a code: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
