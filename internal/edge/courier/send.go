package courier

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/diskguard"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

const (
	// readMost is how much of an answer's body is read, keepMost how much kept.
	readMost = 4 << 10
	keepMost = 200
	// bodyWithin is how long the body of an answer may take once its status is here.
	bodyWithin = time.Second
)

// newTransport makes the connections to merchants: HTTP/1.1, no proxy. How many
// are open is bounded by how many notices fly, a few to each merchant; a bound
// for each host would let one merchant of a shared host hang all others there.
func newTransport(cfg Config) *http.Transport {
	dial := cfg.Dial
	if dial == nil {
		dial = guard{cfg.Allow}.dialer(cfg.Resolver)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:            gated(dial),
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.RootCAs},
		TLSHandshakeTimeout:    answerWithin,
		Protocols:              protocols,
		DisableCompression:     true, // no Accept-Encoding, and no bomb to unpack
		MaxIdleConnsPerHost:    32,
		MaxIdleConns:           cfg.MaxInFlight,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// post sends a letter and says how it went; may is asked last before the request
// is written, wire is called when it has been. The attempt lacks notice, number and
// time; it is nil when may said no and nothing was sent, and has no outcome when
// this process lacked what it takes, which is not the merchant's fault.
//
// Success is 200 or 204 within five seconds, whatever the body. Nothing else
// is, and redirects are not followed.
func post(ctx context.Context, rt http.RoundTripper, l letter, may func() bool, wire func()) *pb.Attempt {
	start := time.Now()
	a := &pb.Attempt{KeySerial: l.serial}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	var inTLS, written atomic.Bool // hooks run in the transport's goroutines
	word := &lastWord{may: may}
	trace := &httptrace.ClientTrace{
		GotConn:          func(info httptrace.GotConnInfo) { word.hold(info.Conn) },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) { inTLS.Store(err != nil) },
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil && !written.Swap(true) {
				wire()
			}
		},
	}
	req := &http.Request{
		Method: http.MethodPost, URL: l.url, Host: l.url.Host, Header: l.header, ContentLength: int64(len(l.body)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body:    io.NopCloser(bytes.NewReader(l.body)),
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(l.body)), nil },
	}
	resp, err := rt.RoundTrip(req.WithContext(httptrace.WithClientTrace(ctx, trace)))
	a.TookUs = time.Since(start).Microseconds()
	if err != nil && word.no.Load() {
		return nil
	}
	if err != nil && diskguard.Shortage(err) {
		a.Answer = clip(err.Error())
		return a // without an outcome
	}
	if err != nil {
		a.Outcome, a.Answer = failure(err, inTLS.Load())
		return a
	}
	a.HttpStatus = int32(resp.StatusCode)
	a.Outcome = pb.AttemptOutcome_ATTEMPT_OUTCOME_STATUS
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusNoContent {
		a.Outcome = pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		// What would follow is not HTTP, and no context ends it: the connection is ours to close.
		_ = resp.Body.Close() // nothing was read of it
		return a
	}
	a.Answer = answer(resp.Body, cancel)
	return a
}

// answer reads the start of the body and closes it. The outcome does not depend
// on it, so a body that dribbles is cut off rather than waited for. Closing it is
// what ends a read for sure: not every body ends with its request's context.
func answer(body io.ReadCloser, cancel func()) string {
	end := sync.OnceFunc(func() { _ = body.Close() }) // whatever came of it, the outcome stands
	defer end()
	slow := time.AfterFunc(bodyWithin, func() { cancel(); end() })
	defer slow.Stop()
	b, _ := io.ReadAll(io.LimitReader(body, readMost))
	return clip(string(b))
}

// clip cuts a text to keepMost bytes of UTF-8.
func clip(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), keepMost+4)], "\uFFFD")
	if len(s) <= keepMost {
		return s
	}
	cut := keepMost
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut]
}

// failure sorts a request that got no answer, with a few words about it. The
// errors of dialling and TLS name hosts and addresses, never the path.
func failure(err error, inTLS bool) (pb.AttemptOutcome, string) {
	var (
		netErr  net.Error
		verify  *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		record  tls.RecordHeaderError
		alert   tls.AlertError
	)
	switch {
	case errors.Is(err, ErrAddress):
		return pb.AttemptOutcome_ATTEMPT_OUTCOME_REFUSED_ADDRESS, clip(ErrAddress.Error())
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return pb.AttemptOutcome_ATTEMPT_OUTCOME_TIMEOUT, "no answer within 5 s"
	case inTLS, errors.As(err, &verify), errors.As(err, &unknown), errors.As(err, &name),
		errors.As(err, &record), errors.As(err, &alert):
		return pb.AttemptOutcome_ATTEMPT_OUTCOME_TLS, clip(err.Error())
	}
	return pb.AttemptOutcome_ATTEMPT_OUTCOME_CONNECT, clip(plain(err))
}

// garbage is what net/http says of an answer that is not HTTP, before it shows it.
const garbage = "malformed HTTP "

// early is all that net/http says of an endpoint that spoke before the request was on
// its way, as an SSH server does: whether it comes to that, or to garbage, is chance.
const early = "readLoopPeekFailLocked"

// plain is an error in words for who looks after the endpoint: one that speaks, but
// not HTTP, was reached.
func plain(err error) string {
	text := err.Error()
	if at := strings.Index(text, garbage); at >= 0 {
		return notice.NotHTTP + text[at:]
	}
	if strings.Contains(text, early) {
		return notice.NotHTTP + "it speaks before it is asked"
	}
	return text
}
