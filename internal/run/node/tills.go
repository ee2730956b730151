package node

import (
	"context"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/cashier"
	"github.com/holdfast-pay/holdfast/internal/edge/judge"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/edge/till"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// tills is what merchants' people call at their tills.
type tills struct {
	part
	service *till.Server
}

func (n *tills) Start(context.Context) error {
	n.service = till.NewServer(till.Config{
		Core: n.replica, Personal: n.people, Views: n.views, Events: n.events, Staff: n.members.Auth, Now: n.replica.Now, Log: n.log,
		Codes:     &judge.Judge{Core: n.replica, Tags: n.people, Wall: time.Now, Node: n.raftLog.Identity().RaftID},
		OrderLink: func(prepayID string) string { return cashier.CodeURL(n.cashierURL(), prepayID) },
		TillLink:  n.tillLink,
	})
	return nil
}

// Routes implements Part.
func (n *tills) Routes() []route {
	return []route{{door: "wallet_api", pattern: "/" + pbconnect.TillServiceName + "/", handler: n.gate.Guard(n.service, n.service)}}
}

// tillLink is what the printed code of a till with this token says.
func (n *shared) tillLink(token []byte) string { return paylink.Till(n.cashierURL(), token) }
