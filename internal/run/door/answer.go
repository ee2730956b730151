package door

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxLine bounds a request line.
const maxLine = 16 << 10

// tlsHello is the first byte of a TLS connection.
const tlsHello = 0x16

// buffered is a connection of which some bytes were looked at.
type buffered struct {
	net.Conn
	r *bufio.Reader
}

// Read implements net.Conn.
func (b *buffered) Read(p []byte) (int, error) { return b.r.Read(p) }

// CloseWrite says that nothing more comes.
func (b *buffered) CloseWrite() error { return closeWrite(b.Conn) }

// answer serves one connection, whatever a client speaks.
func (d *Door) answer(c net.Conn) error {
	if err := c.SetDeadline(time.Now().Add(headWithin)); err != nil {
		return err
	}
	b := &buffered{c, bufio.NewReaderSize(c, maxLine)}
	first, err := b.r.Peek(1)
	switch {
	case errors.Is(err, io.EOF):
		return nil // it only looked whether somebody listens
	case err != nil:
		return err
	case first[0] == tlsHello:
		return d.secure(b)
	}
	line, err := requestLine(b.r)
	if err != nil {
		return err
	}
	method, target, _ := strings.Cut(line, " ")
	target, _, _ = strings.Cut(target, " ")
	if method == http.MethodConnect {
		return d.connect(b, target)
	}
	if u, err := url.Parse(target); err == nil && known(u.Hostname()) {
		// The whole address stands on the request line, and passes as it is: the
		// API reads that form too.
		return d.pass(b)
	}
	return refuse(b, http.StatusForbidden, target)
}

// requestLine looks at the first line without taking it.
func requestLine(r *bufio.Reader) (string, error) {
	for n := 1; ; {
		seen, err := r.Peek(n)
		if i := bytes.IndexByte(seen, '\n'); i >= 0 {
			return strings.TrimRight(string(seen[:i]), "\r"), nil
		}
		if err != nil {
			return "", fmt.Errorf("read a request line: %w", err)
		}
		n = max(n+1, r.Buffered())
	}
}

// connect opens a tunnel for a name of the API.
func (d *Door) connect(b *buffered, target string) error {
	if _, err := http.ReadRequest(b.r); err != nil {
		return fmt.Errorf("read a CONNECT: %w", err)
	}
	host, port, err := net.SplitHostPort(target)
	if err != nil || !known(host) || port != "443" {
		return refuse(b, http.StatusForbidden, target)
	}
	if _, err := io.WriteString(b.Conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return err
	}
	return d.secure(b)
}

// secure speaks TLS with the client and plain HTTP with the sandbox.
func (d *Door) secure(b *buffered) error {
	c := tls.Server(b, d.tls)
	if err := c.Handshake(); err != nil {
		return fmt.Errorf("TLS with a client: %w; does it trust sandbox-ca.pem?", err)
	}
	return d.pass(c)
}

// refuse says what this is and what it is for.
func refuse(w io.Writer, status int, target string) error {
	text := fmt.Sprintf("This is the proxy of a Holdfast sandbox. It leads to the sandbox for %s, port 443, and nowhere else; %q is not among them.\n", strings.Join(hosts, ", "), target)
	_, err := fmt.Fprintf(w, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, http.StatusText(status), len(text), text)
	return err
}

// oneWay copies until the source has said all, and passes that on.
func oneWay(to, from net.Conn) {
	if _, err := io.Copy(to, from); err != nil {
		_ = to.Close() // both ways end: one of them broke
		_ = from.Close()
		return
	}
	if closeWrite(to) != nil {
		_ = to.Close() // it cannot be half closed
	}
}

func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}
