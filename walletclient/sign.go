package walletclient

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/httpsig"
)

// signer signs requests on their way out.
type signer struct {
	next   http.RoundTripper
	device Device
	lang   string
}

// RoundTrip implements http.RoundTripper.
func (s *signer) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if cerr := r.Body.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, fmt.Errorf("read what is to be signed: %w", err)
	}
	signed := r.Clone(r.Context())
	signed.Body, signed.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	signed.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	if err := sign(s.device, signed, body, time.Now()); err != nil {
		return nil, err
	}
	signed.Header.Set("Accept-Language", s.lang)
	return s.next.RoundTrip(signed)
}

// sign adds the headers of a device's signature over a request.
func sign(d Device, r *http.Request, body []byte, now time.Time) error {
	id, err := DeviceID(d)
	if err != nil {
		return err
	}
	count, err := d.Next()
	if err != nil {
		return fmt.Errorf("count a call: %w", err)
	}
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	p := httpsig.Params{Created: now.Unix(), Counter: count, Key: id}
	digest := httpsig.Digest(body)
	hash := httpsig.Signed(httpsig.Target{Method: r.Method, Authority: host, Path: r.URL.RequestURI()}, digest, p)
	sig, err := d.Sign(hash[:])
	if err != nil {
		return fmt.Errorf("sign a call: %w", err)
	}
	r.Header.Set("Content-Digest", digest)
	r.Header.Set("Signature-Input", httpsig.Input(p))
	r.Header.Set("Signature", httpsig.Value(sig))
	return nil
}
