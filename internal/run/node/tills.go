package node

import (
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/cashier"
	"github.com/holdfast-pay/holdfast/internal/edge/judge"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/edge/till"
)

// tills is what merchants' people call at their tills.
func (n *walletAPI) tills() *till.Server {
	return till.NewServer(till.Config{
		Core: n.replica, Personal: n.people, Views: n.views, Events: n.events, Staff: n.members.Auth, Now: n.replica.Now, Log: n.log,
		Codes:     &judge.Judge{Core: n.replica, Tags: n.people, Wall: time.Now, Node: n.raftLog.Identity().RaftID},
		OrderLink: func(prepayID string) string { return cashier.CodeURL(n.addresses.Cashier, prepayID) },
		TillLink:  n.tillLink,
	})
}

// tillLink is what the printed code of a till with this token says.
func (n *walletAPI) tillLink(token []byte) string { return paylink.Till(n.addresses.Cashier, token) }
