package forwarded_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/edge/forwarded"
)

// Only proxies are believed, and only what they wrote themselves.
func TestClientsBehindProxies(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for what, c := range map[string]struct {
		remote, header string
		values         []string
		want           string
	}{
		"nobody in between":                {"203.0.113.9:4000", forwarded.XForwardedFor, nil, "203.0.113.9:4000"},
		"a client that claims to be proxy": {"203.0.113.9:4000", forwarded.XForwardedFor, []string{"198.51.100.1"}, "203.0.113.9:4000"},
		"one proxy":                        {"10.0.0.1:4000", forwarded.XForwardedFor, []string{"198.51.100.1"}, "198.51.100.1:0"},
		"two proxies":                      {"10.0.0.1:4000", forwarded.XForwardedFor, []string{"198.51.100.1, 10.0.0.2"}, "198.51.100.1:0"},
		"two headers":                      {"10.0.0.1:4000", forwarded.XForwardedFor, []string{"198.51.100.1", "10.0.0.2"}, "198.51.100.1:0"},
		"a claim before the truth":         {"10.0.0.1:4000", forwarded.XForwardedFor, []string{"127.0.0.1, 8.8.8.8, 198.51.100.1"}, "198.51.100.1:0"},
		"a claim to be a proxy":            {"10.0.0.1:4000", forwarded.XForwardedFor, []string{"8.8.8.8, 10.9.9.9, 198.51.100.1, 10.0.0.2"}, "198.51.100.1:0"},
		"proxies alone":                    {"10.0.0.1:4000", forwarded.XForwardedFor, []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3:0"},
		"a proxy that says nothing":        {"10.0.0.1:4000", forwarded.XForwardedFor, nil, "10.0.0.1:0"},
		"a hop that is none":               {"10.0.0.1:4000", forwarded.XForwardedFor, []string{"198.51.100.1, unknown, 10.0.0.2"}, "10.0.0.2:0"},
		"a port":                           {"10.0.0.1:4000", forwarded.XForwardedFor, []string{"198.51.100.1:55"}, "198.51.100.1:0"},
		"IPv6":                             {"[fd00::1]:4000", forwarded.XForwardedFor, []string{"2001:db8::7"}, "[2001:db8::7]:0"},
		"IPv4 in IPv6":                     {"[::ffff:10.0.0.1]:4000", forwarded.XForwardedFor, []string{"::ffff:198.51.100.1"}, "198.51.100.1:0"},
		"the other header":                 {"10.0.0.1:4000", forwarded.Forwarded, []string{"198.51.100.1"}, "10.0.0.1:0"},
		"RFC 7239":                         {"10.0.0.1:4000", forwarded.Forwarded, []string{`for=8.8.8.8, For="[2001:db8::7]:47";proto=https;by=10.0.0.1`}, "[2001:db8::7]:0"},
		"RFC 7239, hidden":                 {"10.0.0.1:4000", forwarded.Forwarded, []string{`for=8.8.8.8, for=_hidden`}, "10.0.0.1:0"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr = c.remote
		for _, v := range c.values {
			r.Header.Add(c.header, v)
		}
		if what == "the other header" {
			r.Header = http.Header{"X-Forwarded-For": c.values}
		}
		got := ""
		forwarded.Proxies{Trusted: trusted, Header: c.header}.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RemoteAddr })).ServeHTTP(httptest.NewRecorder(), r)
		if got != c.want {
			t.Errorf("%s: %s, want %s", what, got, c.want)
		}
	}
}
