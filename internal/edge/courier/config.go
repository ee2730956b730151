package courier

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-pay/holdfast/internal/edge/worker"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// Defaults of Config.
const (
	DefaultWindow      = 4
	DefaultMaxInFlight = 2000
	DefaultBodies      = 8192
	DefaultStopWithin  = 8 * time.Second
	DefaultLease       = 10 * time.Second
)

// Fixed by the documented contract with merchants or by measurement.
const (
	// answerWithin is how long a merchant may take to answer.
	answerWithin = 5 * time.Second
	// freshFor is how long a notice that was never tried counts as fresh, milliseconds.
	freshFor = 60_000
	// slowAfter is when an attempt, or the destination of one that took as long, moves
	// to the pool of the slow.
	slowAfter = time.Second
	// keysEvery is how often one looks whether the keystore has changed.
	keysEvery = 5 * time.Second
	// maxUnreported stops new attempts while the node takes no reports.
	maxUnreported = 10_000
)

// Config configures a Courier.
type Config struct {
	// Node and Keys are required.
	Node Platform
	Keys Keys

	// Window is how many notices to one merchant may be in the air, and to one
	// of its addresses.
	Window int
	// MaxInFlight bounds attempts in the air to merchants that answer in time;
	// slow and broken ones may use as many again.
	MaxInFlight int
	// Bodies is how many notices' contents are kept in memory.
	Bodies int
	// Signers is how many signatures are made at once; 0 means one a core.
	Signers int
	// StopWithin bounds how long Run takes to return once its context ends.
	StopWithin time.Duration
	// Lease is how long the courier's lanes stay its own without a renewal, 5 s to
	// 60 s: as long the notices of a courier that died wait for another.
	Lease time.Duration

	// Allow lists networks that notices may go to although they are not public:
	// loopback in dev, the shop's own network on a small site. Empty refuses
	// every address that is not on the public internet.
	Allow []netip.Prefix
	// RootCAs verifies merchants; nil means the system's.
	RootCAs *x509.CertPool
	// Resolver looks merchants up; nil means the system's.
	Resolver *net.Resolver
	// Dial replaces the guarded dialer, in tests.
	Dial DialFunc

	// Registerer takes the metrics; nil means none are kept.
	Registerer prometheus.Registerer
	// Logger is the log; nil means slog.Default().
	Logger *slog.Logger
}

func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Node == nil:
		return c, errors.New("courier: a node is needed")
	case c.Keys == nil:
		return c, errors.New("courier: keys are needed")
	case c.Window < 0 || c.MaxInFlight < 0 || c.Bodies < 0 || c.Signers < 0 || c.StopWithin < 0:
		return c, errors.New("courier: a limit is negative")
	}
	if c.Lease == 0 {
		c.Lease = DefaultLease
	}
	if c.Lease < worker.MinLease || c.Lease > time.Duration(lane.MaxLease)*time.Millisecond {
		return c, fmt.Errorf("courier: a lease lasts %s to 60s, not %s", worker.MinLease, c.Lease)
	}
	orInt(&c.Window, DefaultWindow)
	orInt(&c.MaxInFlight, DefaultMaxInFlight)
	orInt(&c.Bodies, DefaultBodies)
	orInt(&c.Signers, runtime.GOMAXPROCS(0))
	if c.StopWithin == 0 {
		c.StopWithin = DefaultStopWithin
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Registerer == nil {
		c.Registerer = prometheus.NewRegistry()
	}
	return c, nil
}

func orInt(v *int, def int) {
	if *v == 0 {
		*v = def
	}
}
