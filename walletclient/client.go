// Package walletclient is the reference client of the wallet API: it signs each call
// with a device's key. The command line uses it, and it shows whoever writes another
// how calls are signed.
package walletclient

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/edge/httpsig"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// idSize is the length of a device's number: the start of SHA-256 of its public key.
const idSize = 16

// Device is a key that signs for a person.
type Device struct {
	Key *ecdsa.PrivateKey
	// Next returns the next count of calls; it must not return one twice, whatever
	// happens to the process in between.
	Next func() (uint64, error)
}

// PublicKey is the device's public key, an uncompressed point.
func (d *Device) PublicKey() ([]byte, error) {
	point, err := d.Key.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("read the device's key: %w", err)
	}
	return point, nil
}

// ID is the device's number.
func (d *Device) ID() ([]byte, error) {
	point, err := d.PublicKey()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(point)
	return sum[:idSize], nil
}

// New makes a client of the wallet API at a URL, through an HTTP client whose
// transport the device signs for. lang is sent as Accept-Language.
func New(base *http.Client, url, lang string, d *Device) pbconnect.WalletServiceClient {
	transport := base.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	signing := *base
	signing.Transport = &signer{next: transport, device: d, lang: lang}
	return pbconnect.NewWalletServiceClient(&signing, url, connect.WithProtoJSON()) // JSON is what people can read on the wire
}

// signer signs requests on their way out.
type signer struct {
	next   http.RoundTripper
	device *Device
	lang   string
}

// RoundTrip implements http.RoundTripper.
func (s *signer) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err = closed(r.Body, err); err != nil {
		return nil, err
	}
	signed := r.Clone(r.Context())
	signed.Body, signed.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	signed.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	if err := s.device.sign(signed, body, time.Now()); err != nil {
		return nil, err
	}
	signed.Header.Set("Accept-Language", s.lang)
	return s.next.RoundTrip(signed)
}

func closed(c io.Closer, err error) error {
	if cerr := c.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("read what is to be signed: %w", err)
	}
	return nil
}

// sign adds the headers of a signature over a request.
func (d *Device) sign(r *http.Request, body []byte, now time.Time) error {
	id, err := d.ID()
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
	sig, err := httpsig.Sign(d.Key, hash[:])
	if err != nil {
		return err
	}
	r.Header.Set("Content-Digest", digest)
	r.Header.Set("Signature-Input", httpsig.Input(p))
	r.Header.Set("Signature", httpsig.Value(sig))
	return nil
}
