package shop

import (
	"net/http"
	"net/url"
	"time"
)

// redirect sends the SDK's requests, which carry the address of WeChat Pay in
// their code, to another host. The signature covers the path only, so nothing
// else changes.
type redirect struct {
	to   *url.URL
	base http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (r redirect) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.URL.Scheme, out.URL.Host, out.Host = r.to.Scheme, r.to.Host, r.to.Host
	return r.base.RoundTrip(out)
}

// Client is an http.Client for option.WithHTTPClient that takes the SDK to the
// platform at the given address.
func Client(platform *url.URL) *http.Client {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.Proxy = nil
	return &http.Client{Timeout: 10 * time.Second, Transport: redirect{to: platform, base: base}}
}
