package credentials

import (
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/engine/pki"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// maxAnswer bounds an answer: the keystore and some certificates.
const maxAnswer = 96 << 20

// peerClient calls PeerService at one address over HTTP/2. No proxy: the token
// and the keys go from node to node.
func peerClient(address string, config *tls.Config) (client pbconnect.PeerServiceClient, closeIdle func()) {
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 5 * time.Second}
	client = pbconnect.NewPeerServiceClient(&http.Client{Transport: transport}, "https://"+address, connect.WithReadMaxBytes(maxAnswer))
	return client, transport.CloseIdleConnections
}

// peerError is err in words, unless it is the peer's own.
func peerError(err error, peer string, now time.Time) error {
	if connect.IsWireError(err) {
		return err
	}
	explained := Explain(err, "the node at "+peer, now)
	var fault *Fault
	if errors.As(explained, &fault) {
		return explained
	}
	why := err.Error()
	var ce *connect.Error
	if errors.As(err, &ce) {
		why = ce.Message()
	}
	return &Fault{Text: "the node at " + peer + " does not answer: " + why, Cause: errors.Join(ErrUnreachable, err),
		Hint: "check cluster.peers, and that the node runs and can be reached from here"}
}

// final says whether asking another peer, or later, is pointless: a peer refused
// for a reason that all would have.
func final(err error) bool {
	if !connect.IsWireError(err) {
		return errors.Is(err, ErrForeign)
	}
	switch connect.CodeOf(err) {
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeCanceled, connect.CodeUnknown, connect.CodeResourceExhausted:
		return false
	}
	return true
}

// refusal turns a peer's word, "text; hint", into a Fault.
func refusal(err error) error {
	var fault *Fault
	var ce *connect.Error
	if errors.As(err, &fault) || !errors.As(err, &ce) {
		return err
	}
	text, hint, _ := strings.Cut(ce.Message(), "; ")
	return &Fault{Text: text, Hint: hint, Cause: err}
}

// JoinRefusal is the answer of PeerService.Join to what a node did wrong: a
// *pki.TokenError, a *pki.RequestError and a *Fault come to the joining
// node as they are, all else as nothing but a failure. The codes decide what it does then: it asks
// another peer, or later, after connect.CodeUnavailable, comes with a fresh
// identity after connect.CodeAborted, and gives up after others.
func JoinRefusal(err error) error {
	var token *pki.TokenError
	var fault *Fault
	var request *pki.RequestError
	var already *connect.Error
	switch {
	case errors.As(err, &already):
		return err
	case errors.As(err, &request):
		return connect.NewError(connect.CodeInvalidArgument, request)
	case errors.As(err, &token):
		return connect.NewError(connect.CodeUnauthenticated, token)
	case errors.As(err, &fault):
		return connect.NewError(connect.CodeFailedPrecondition, fault)
	}
	return connect.NewError(connect.CodeInternal, errors.New("the leader could not let this node in; look into its log"))
}
