package node

import (
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/passkey"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/edge/staff"
	"github.com/holdfast-pay/holdfast/internal/edge/staffauth"
)

// newMembers is what staff call about themselves. A node has one, on each address where
// staff is let in, so that wrong tokens are counted together.
func (n *shared) newMembers(passkeys *passkey.Party) *staff.Server {
	return staff.NewServer(staff.Config{
		Desk:    &staff.Desk{Core: n.replica, People: n.people, Link: n.signInLink, Now: n.replica.Now},
		Auth:    staffauth.New(staffauth.Config{Core: n.replica, Now: n.replica.Now, Wall: time.Now}),
		Applied: n.replica, Passkeys: passkeys, Log: n.log,
	})
}

// signInLink is what a tablet scans to sign in with a token, "" while the pages have no
// address.
func (n *shared) signInLink(token string) string {
	base := n.walletsURL()
	if base == "" {
		return ""
	}
	return paylink.SignIn(base, token)
}
