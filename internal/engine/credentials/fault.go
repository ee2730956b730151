package credentials

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/pki"
)

// Fault is something wrong with credentials, or with how two nodes met: Text is
// one clause that says what, Hint what to do.
type Fault struct {
	Text, Hint string
	// Cause stays matchable by errors.Is and errors.As; it is not printed.
	Cause error
}

// Error is both clauses.
func (f *Fault) Error() string {
	if f.Hint == "" {
		return f.Text
	}
	return f.Text + "; " + f.Hint
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Cause }

// What nodes refuse each other for; Explain's faults match them by errors.Is.
var (
	// ErrExpired: a certificate's time is over.
	ErrExpired = errors.New("certificate expired")
	// ErrNotYet: a certificate's time has not begun.
	ErrNotYet = errors.New("certificate not valid yet")
	// ErrForeign: a certificate of another cluster, or of none.
	ErrForeign = errors.New("certificate of another CA")
	// ErrUnreachable: no peer answered; whether one let the node in is not known,
	// and asking again is safe.
	ErrUnreachable = errors.New("no answer")
)

const (
	clockHint = "compare the clocks of both machines (timedatectl) and set the wrong one right"
	tokenHint = "run holdfast cluster token on a node that works, and holdfast cluster join with that token here"
)

// Explain says in one sentence what a TLS error between two nodes means and what
// to do; node is who was dialled or who called, as a person knows it, and now the
// clock of this machine. What is no TLS error comes back as it is.
func Explain(err error, node string, now time.Time) error {
	if err == nil {
		return nil
	}
	var fault *Fault
	if errors.As(err, &fault) {
		return err
	}
	if errors.Is(err, pki.ErrOtherCA) {
		return &Fault{node + " is not of the cluster that the join token is for", "check cluster.peers, or make a token on a node of that cluster: holdfast cluster token", ErrForeign}
	}
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Cert != nil && invalid.Reason == x509.Expired {
		return timing(invalid.Cert, node, now)
	}
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return &Fault{node + " shows a certificate of another cluster's CA", "check cluster.peers and the cluster.credentials folder: one of them belongs to another cluster", ErrForeign}
	}
	var host x509.HostnameError
	if errors.As(err, &host) || errors.As(err, &invalid) {
		return &Fault{node + " does not show a node's certificate", "check that its address is the cluster.address of a node", err}
	}
	var plain tls.RecordHeaderError
	if errors.As(err, &plain) {
		return &Fault{node + " does not speak TLS", "check that its address is the cluster.address of a node", err}
	}
	return alert(err, node, now)
}

// timing explains a certificate that is not valid now.
func timing(cert *x509.Certificate, node string, now time.Time) error {
	whose := node
	if name, ok := pki.NodeName(cert); ok {
		whose = "node " + name
	}
	clock := now.UTC().Format(time.RFC3339)
	if now.Before(cert.NotBefore) {
		return &Fault{fmt.Sprintf("the certificate of %s is valid from %s on, and this machine's clock says %s",
			whose, cert.NotBefore.UTC().Format(time.RFC3339), clock), clockHint, ErrNotYet}
	}
	return &Fault{fmt.Sprintf("the certificate of %s expired at %s (this machine's clock says %s)",
		whose, cert.NotAfter.UTC().Format(time.RFC3339), clock),
		"if the clock is right, that node renews it when it is started with its data folder, or joins again with a token", ErrExpired}
}

// alert explains how the other side refused us; the standard library gives its
// word as a text only.
func alert(err error, node string, now time.Time) error {
	_, word, ok := strings.Cut(err.Error(), "remote error: tls: ")
	if !ok {
		return err
	}
	switch {
	case strings.HasPrefix(word, "expired certificate"):
		return &Fault{fmt.Sprintf("%s refuses this node's certificate as expired or not valid yet (this machine's clock says %s)", node, now.UTC().Format(time.RFC3339)),
			"compare the clocks of both machines (timedatectl); if they are right, " + tokenHint, ErrExpired}
	case strings.HasPrefix(word, "unknown certificate authority"):
		return &Fault{node + " is of another cluster: it does not know the CA of this node's certificate", "check cluster.peers and the cluster.credentials folder", ErrForeign}
	case strings.HasPrefix(word, "certificate required"), strings.HasPrefix(word, "bad certificate"):
		return &Fault{node + " refuses this node's certificate", "check that cluster.credentials is the folder of a node of this cluster", err}
	case strings.HasPrefix(word, "no application protocol"):
		return &Fault{node + " is not a cluster.address", "check cluster.peers: it needs the cluster.address of a node, not another of its addresses", err}
	}
	return &Fault{node + " ended the TLS handshake: " + word, "look into its log", err}
}

// MaxClockOff is the most by which a node's clock may differ from the leader's
// when it joins; a leader refuses writes at the same bound.
const MaxClockOff = 2 * time.Second

// CheckClock refuses a node whose clock, theirs, is off the leader's, own, both
// Unix milliseconds.
func CheckClock(theirs, own int64) error {
	off := time.Duration(theirs-own) * time.Millisecond
	if theirs == 0 || off.Abs() <= MaxClockOff {
		return nil
	}
	way := "ahead of"
	if off < 0 {
		way = "behind"
	}
	return &Fault{Text: fmt.Sprintf("the clock of the node that joins is %v %s the leader's", off.Abs().Round(time.Millisecond), way),
		Hint: "set it right (chronyd or systemd-timesyncd) and try again"}
}
