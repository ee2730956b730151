package door

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Bounds of one connection.
const (
	// headWithin is how long a client may take to say what it wants.
	headWithin = 10 * time.Second
	// dialWithin is how long the sandbox may take to answer.
	dialWithin = 5 * time.Second
	// most is how many connections are open at once; more wait.
	most = 256
)

// Door is the proxy. It serves any number of listeners.
type Door struct {
	to  string
	tls *tls.Config
	log *slog.Logger

	slots chan struct{}
	mu    sync.Mutex
	open  map[io.Closer]bool
	shut  bool
	all   sync.WaitGroup
}

// New makes a door to a sandbox that answers plain HTTP at an address, HOST:PORT.
func New(to string, authority *Authority, now time.Time, log *slog.Logger) (*Door, error) {
	own, err := authority.certificate(now)
	if err != nil {
		return nil, fmt.Errorf("certify the sandbox: %w", err)
	}
	return &Door{to: to, log: log, slots: make(chan struct{}, most), open: map[io.Closer]bool{}, tls: &tls.Config{
		// HTTP/1.1 only, as the API itself: the Java client would break on h2.
		Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if !known(hello.ServerName) {
				return nil, fmt.Errorf("%q is not a name of the API", hello.ServerName)
			}
			return nil, nil
		},
	}}, nil
}

// Serve answers on a listener, which it takes over, until Close.
func (d *Door) Serve(l net.Listener) error {
	if !d.keep(l) {
		return nil
	}
	defer d.drop(l)
	for {
		d.slots <- struct{}{}
		c, err := l.Accept()
		if err != nil {
			<-d.slots
			if d.closed() {
				return nil
			}
			return err
		}
		if !d.keep(c) {
			<-d.slots
			return nil
		}
		d.all.Go(func() {
			defer func() { d.drop(c); <-d.slots }()
			if err := d.answer(c); err != nil {
				d.log.Info("door", "err", err)
			}
		})
	}
}

// Close ends every listener and connection, and waits until that is done.
func (d *Door) Close() {
	d.mu.Lock()
	d.shut = true
	for c := range d.open { // order does not matter: all are closed
		_ = c.Close() // what is under way is cut off
	}
	d.mu.Unlock()
	d.all.Wait()
}

func (d *Door) closed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shut
}

// keep notes what Close ends; false when that has happened.
func (d *Door) keep(c io.Closer) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut {
		_ = c.Close() // nobody was told anything
		return false
	}
	d.open[c] = true
	return true
}

func (d *Door) drop(c io.Closer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, c)
	_ = c.Close() // it may be closed already
}

// pass joins a client with the sandbox until either has said all.
func (d *Door) pass(client net.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), dialWithin)
	defer cancel()
	sandbox, err := new(net.Dialer).DialContext(ctx, "tcp", d.to)
	if err != nil {
		return fmt.Errorf("reach the sandbox: %w", err)
	}
	if !d.keep(sandbox) {
		return errors.New("the door is shut")
	}
	defer d.drop(sandbox)
	if err := client.SetDeadline(time.Time{}); err != nil {
		return err
	}
	var both sync.WaitGroup
	both.Go(func() { oneWay(sandbox, client) })
	both.Go(func() { oneWay(client, sandbox) })
	both.Wait()
	return nil
}
