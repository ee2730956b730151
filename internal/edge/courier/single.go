package courier

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/netip"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Single sends one notice by itself: sealed, signed, posted and judged as the
// courier does it, with nothing owed, recorded or repeated. It is for trying a
// merchant's endpoint.
type Single struct {
	Keys Keys
	// Allow and RootCAs are those of Config.
	Allow   []netip.Prefix
	RootCAs *x509.CertPool
	// Shift moves the time that the signature speaks of.
	Shift time.Duration
	// Alter changes what was signed before it is sent, and returns the body; nil
	// changes nothing.
	Alter func(header http.Header, body []byte) []byte
}

// Send sends the notice and says how that went. The error says why nothing could
// be sent: an address that the courier would not call, or a key that is missing.
func (s Single) Send(ctx context.Context, n *pb.OwedNotice) (*pb.Attempt, error) {
	l, err := (&sealer{s.Keys}).writeAt(n, time.Now().Add(s.Shift))
	if err != nil {
		return nil, err
	}
	if s.Alter != nil {
		l.body = s.Alter(l.header, l.body)
		l.serial = l.header.Get("Wechatpay-Serial")
	}
	web := newTransport(Config{Allow: s.Allow, RootCAs: s.RootCAs, MaxInFlight: 1})
	defer web.CloseIdleConnections()
	return post(ctx, web, l, func() bool { return true }, func() {}), nil
}
