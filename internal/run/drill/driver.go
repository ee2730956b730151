package drill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	"github.com/holdfast-pay/holdfast/internal/run/dev"
)

// driver is a taxi driver with a printed code and a till of his own.
type driver struct {
	g     *Ground
	till  dev.Till
	token string
}

// hire makes a new member of the taxi's staff, by the calls of the administration.
func (g *Ground) hire(ctx context.Context) (*driver, error) {
	d := &driver{g: g}
	for _, t := range g.Tills {
		if t.Mchid != g.Mchid { // the demo shop's
			d.till = t
		}
	}
	if d.till.Till == 0 {
		return nil, &dev.Failure{Err: errors.New("the sandbox has no taxi"), Hint: "it was made by an earlier version: run the drill without --data"}
	}
	office, err := admin.Dial(admin.Address{URL: g.AdminURL, TokenFile: g.AdminToken})
	if err != nil {
		return nil, err
	}
	who := &pb.AdminStaffRequest{Mchid: d.till.Mchid, Ref: fmt.Sprintf("drill-%d", time.Now().Unix())}
	_, err = office.StaffAdd(ctx, connect.NewRequest(&pb.AdminStaffAddRequest{Mchid: who.Mchid, Ref: who.Ref, Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_CASHIER}}))
	if err != nil {
		return nil, fmt.Errorf("add a driver: %w", err)
	}
	a, err := office.StaffToken(ctx, connect.NewRequest(who))
	if err != nil {
		return nil, fmt.Errorf("give the driver a token: %w", err)
	}
	d.token = a.Msg.Token
	return d, nil
}

// charge charges a code that a payer shows. It asks a node first and the others when it
// does not answer: the same order and code again are the same payment.
func (d *driver) charge(ctx context.Context, node int, q *pb.ChargeCodeRequest) (o *pb.TillOrder, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	for ; ctx.Err() == nil; node++ {
		c := pbconnect.NewTillServiceClient(d.g.web, d.g.Nodes[node%len(d.g.Nodes)].Wallet, connect.WithInterceptors(admin.Bearer(d.token)))
		a, failed := c.ChargeCode(ctx, connect.NewRequest(q))
		if failed == nil {
			return a.Msg, nil
		}
		if err = failed; !passing(err) {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(poll):
		}
	}
	return nil, fmt.Errorf("charge the code: %w", err)
}

// passing says whether a call may come out otherwise at the next node: it was not
// answered, or by a node that can't now.
func passing(err error) bool {
	_, answered := rpc.CodeOf(err)
	return !answered || connect.CodeOf(err) == connect.CodeUnavailable
}
