package credentials

import (
	"crypto/tls"
	"errors"

	"github.com/holdfast-pay/holdfast/internal/engine/pki"
)

// webProtocol is the one that may be spoken without a certificate: a node that
// joins has none. What it may call is for the service behind it to say.
const webProtocol = "h2"

// ServerConfig is the configuration of the listener that peers dial: TLS 1.3,
// this node's certificate, and callers that show a certificate of a node of this
// cluster, or none if they speak h2. A renewed certificate is used from the next
// handshake on. Sessions are not resumed: they would outlive certificates.
func (c *Credentials) ServerConfig(protocols ...string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: protocols,
		Time:       c.now,
		ClientAuth: tls.VerifyClientCertIfGiven,
		ClientCAs:  c.current.Load().pool,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.current.Load().tls, nil
		},
		SessionTicketsDisabled: true,
		VerifyConnection: func(cs tls.ConnectionState) error {
			if len(cs.PeerCertificates) == 0 && cs.NegotiatedProtocol == webProtocol {
				return nil
			}
			if _, ok := pki.PeerName(cs); !ok {
				return errors.New("the caller shows no certificate of a node")
			}
			return nil
		},
	}
}

// ClientConfig is the configuration for dialling a peer: TLS 1.3, this node's
// certificate, and a server that shows the certificate of a node of this
// cluster. pki.PeerName tells which.
func (c *Credentials) ClientConfig(protocols ...string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: protocols,
		Time:       c.now,
		ServerName: pki.ServerName,
		RootCAs:    c.current.Load().pool,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return c.current.Load().tls, nil
		},
		VerifyConnection: func(cs tls.ConnectionState) error {
			if _, ok := pki.PeerName(cs); !ok {
				return &Fault{Text: "the server shows no certificate of a node", Hint: "check that its address is the cluster.address of a node"}
			}
			return nil
		},
	}
}
