package admin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// Address is where a node is administered and with what.
type Address struct {
	// URL is http(s)://host:port; plain http is accepted for loopback only,
	// because the token travels in it.
	URL string
	// TokenFile holds the bearer token.
	TokenFile string
	// CAFile, when given, holds the certificates to trust instead of the system's.
	CAFile string
	// Timeout bounds each call; 0 is 15 s.
	Timeout time.Duration
}

// Dial returns a client of the node's admin API. It opens no connection yet.
func Dial(a Address) (pbconnect.AdminServiceClient, error) {
	client, with, err := dial(a)
	if err != nil {
		return nil, err
	}
	return pbconnect.NewAdminServiceClient(client, a.URL, with), nil
}

// DialStaff is Dial for what operators call about themselves.
func DialStaff(a Address) (pbconnect.StaffServiceClient, error) {
	client, with, err := dial(a)
	if err != nil {
		return nil, err
	}
	return pbconnect.NewStaffServiceClient(client, a.URL, with), nil
}

// DialTill is Dial for what a merchant's people call at their tills: the URL is the wallet
// API's.
func DialTill(a Address) (pbconnect.TillServiceClient, error) {
	client, with, err := dial(a)
	if err != nil {
		return nil, err
	}
	return pbconnect.NewTillServiceClient(client, a.URL, with), nil
}

func dial(a Address) (*http.Client, connect.ClientOption, error) {
	u, err := url.Parse(a.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, nil, fmt.Errorf("address %q is not a URL like https://127.0.0.1:7443", a.URL)
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return nil, nil, fmt.Errorf("address %s: the token is not sent in plain text beyond this machine; use https", a.URL)
	}
	secret, err := ReadToken(a.TokenFile)
	if err != nil {
		return nil, nil, err
	}
	roots, err := trust(a.CAFile)
	if err != nil {
		return nil, nil, err
	}
	if a.Timeout == 0 {
		a.Timeout = 15 * time.Second
	}
	client := &http.Client{
		Timeout: a.Timeout,
		// One command, one call: no connection is left behind.
		Transport:     &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return client, connect.WithInterceptors(Bearer(secret)), nil
}

func trust(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("certificates to trust: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("certificates to trust: %s holds no PEM certificate", file)
	}
	return pool, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Bearer puts the token on every call.
func Bearer(secret string) connect.UnaryInterceptorFunc {
	return func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, q connect.AnyRequest) (connect.AnyResponse, error) {
			q.Header().Set("Authorization", "Bearer "+secret)
			return next(ctx, q)
		}
	}
}
