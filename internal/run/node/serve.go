package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Bounds of every listener.
const (
	maxHeader = 32 << 10
	// drain is how long requests under way may take once a listener is closed.
	drain = 5 * time.Second
	// profile is the longest an admin answer takes: a CPU profile of a minute.
	profile = 90 * time.Second
)

// server runs an http.Server on a listener until the part is closed.
func (n *part) server(name string, l net.Listener, s *http.Server) {
	s.MaxHeaderBytes = maxHeader
	s.ErrorLog = slog.NewLogLogger(n.log.Handler(), slog.LevelDebug)
	if s.ReadHeaderTimeout == 0 {
		s.ReadHeaderTimeout = 5 * time.Second
	}
	if c := n.doors.of(l); c != nil {
		s.ConnState = c.Track
	}
	ended := make(chan struct{})
	underWay := new(requests)
	s.Handler = underWay.over(s.Handler)
	n.underWay = append(n.underWay, underWay)
	go func() {
		defer close(ended)
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			n.stop(fmt.Errorf("%s: %w", name, err))
		}
	}()
	n.onClose(name, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), drain)
		defer cancel()
		err := s.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = s.Close() // whoever is still there is slower than we wait
		}
		<-ended
		underWay.all.Wait() // Close cuts connections; their handlers end with them, or hold up the stop
		return err
	})
}

// open listens on a part's address, with TLS unless it is plain on loopback,
// and returns the URL to reach it.
func (n *part) open(name, address, cert, key string, protocols ...string) (l net.Listener, url string, err error) {
	if l, err = n.doors.open(name, address); err != nil {
		return nil, "", err
	}
	if cert == "" {
		return l, "http://" + l.Addr().String(), nil
	}
	c, err := openCertificate(name, cert, key)
	if err != nil {
		return nil, "", errors.Join(err, l.Close())
	}
	n.doors.certs = append(n.doors.certs, c)
	tc := c.config()
	tc.NextProtos = protocols
	return n.doors.behind(l, tls.NewListener(l, tc)), "https://" + l.Addr().String(), nil
}
