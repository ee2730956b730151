package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"time"
)

// NodeCertDays is how long a node's own certificate is valid. It is short so
// that one that was copied is soon worth nothing; half of it passes before a
// node asks for the next.
const NodeCertDays = innerDays

// nodeDomain is what the names of single nodes end in within certificates.
const nodeDomain = ".node.holdfast.internal"

// ValidNodeName says whether name can be a node's: a label of the domain name
// system, 1 to 63 of a-z, 0-9 and '-', with no '-' at either end.
func ValidNodeName(name string) bool {
	if len(name) == 0 || len(name) > 63 || name[0] == '-' || name[len(name)-1] == '-' {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// NodeHost is the name by which a node's certificate is known besides
// ServerName: who must reach this node and no other asks for it.
func NodeHost(name string) string { return name + nodeDomain }

// ServerName is what every node's certificate is called, whichever node it is.
const ServerName = serverName

// NewNodeRequest makes a PKCS #10 request (DER) for the node called name, signed
// with its key.
func NewNodeRequest(name string, key *ecdsa.PrivateKey) ([]byte, error) {
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}}, key)
	if err != nil {
		return nil, fmt.Errorf("request a certificate for node %s: %w", name, err)
	}
	return csr, nil
}

// RequestError refuses a certificate request: Text is what is wrong, Hint what to
// do.
type RequestError struct{ Text, Hint string }

func (e *RequestError) Error() string { return e.Text + "; " + e.Hint }

const newRequest = "remove node.key from the credentials folder of that node and join again: holdfast cluster join"

// IssueNode returns a certificate (DER) of role node for the node called name,
// for the key in csr, a PKCS #10 request (DER) for that name and a P-256 key. It
// is valid from an hour before now for NodeCertDays from now. Who may have it is
// the caller's to decide: by a join token, or by the certificate shown. A request
// that cannot be granted is a *RequestError.
func (c *Cluster) IssueNode(csr []byte, name string, now time.Time) ([]byte, error) {
	if !ValidNodeName(name) {
		return nil, &RequestError{fmt.Sprintf("%.70q cannot be a node's name", name), "use 1 to 63 of a-z, 0-9 and '-'"}
	}
	q, err := x509.ParseCertificateRequest(csr)
	if err != nil || q.CheckSignature() != nil {
		return nil, &RequestError{"the certificate request cannot be read, or its signature is wrong", newRequest}
	}
	key, ok := q.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, &RequestError{"the certificate request is not for a key of the kind ECDSA P-256", newRequest}
	}
	if q.Subject.CommonName != name {
		return nil, &RequestError{fmt.Sprintf("the certificate request is for %.70q and the node is called %s", q.Subject.CommonName, name), newRequest}
	}
	template := innerTemplate(RoleNode, now)
	template.Subject.CommonName = name
	template.DNSNames = append(template.DNSNames, NodeHost(name))
	return c.ca.IssueFor(template, key)
}

// PeerName is the name of the node at the other side of a connection, from the
// certificate that was verified; false when it showed none, or one that names no
// node, as a courier's or the inner API's.
func PeerName(cs tls.ConnectionState) (string, bool) {
	if role, ok := PeerRole(cs); !ok || role != RoleNode {
		return "", false
	}
	return NodeName(cs.VerifiedChains[0][0])
}

// NodeName is the node's name that a certificate of role node carries.
func NodeName(cert *x509.Certificate) (string, bool) {
	name := cert.Subject.CommonName
	return name, ValidNodeName(name) && cert.VerifyHostname(NodeHost(name)) == nil
}
