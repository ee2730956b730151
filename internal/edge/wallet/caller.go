package wallet

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/edge/httpsig"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	rule "github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// maxBody bounds a call.
const maxBody = 64 << 10

// clockSkew is how far a device's clock may be from ours.
const clockSkew = 5 * time.Minute

// caller is who made a call.
type caller struct {
	// uid is 0 for a call that needs no device: SendCode, and Enrol, whose device is
	// not known yet.
	uid       uint64
	params    httpsig.Params
	hash      [32]byte // what was signed
	signature []byte   // nil: the call is not signed
	request   string
	address   string
	chinese   bool
	// act is the hash of what is asked for, when a grant is named.
	act []byte
	// answer bounds how long reading and writing may take.
	answer *http.ResponseController
}

type callerKey struct{}

func from(ctx context.Context) *caller {
	c, _ := ctx.Value(callerKey{}).(*caller)
	if c == nil {
		return &caller{}
	}
	return c
}

// actor is who asked, as the journal says it.
func (c *caller) actor() string {
	return "person/" + strconv.FormatUint(c.uid, 10) + "#" + hex.EncodeToString(c.params.Key)
}

// consent is what a command keeps of the call's signature.
func (c *caller) consent(grant uint64) *pb.Consent {
	return &pb.Consent{Device: c.params.Key, Counter: c.params.Counter, Signed: c.hash[:], Signature: c.signature, Grant: grant, Act: c.act}
}

var (
	errUnsigned = errors.New("the call is not signed: send Content-Digest, Signature-Input and Signature")
	errDigest   = errors.New("the body is not the one that Content-Digest describes")
	errOldClock = errors.New("the signature's time is more than five minutes from this node's: set the device's clock")
	errHost     = errors.New("the call was signed for a host that is not this platform's: call it by its own name (operators: wallet_api.hosts)")
	errSigned   = errors.New("the signature does not fit the call: method, host, path or body were changed, or another key signed it")
)

// authenticated lets a call through with who made it. Who asks for a code has no
// device yet, and who enrols one proves to have its key, which is in the call.
func (s *Server) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &caller{request: rpc.RequestID(r), chinese: rpc.Chinese(r.Header.Get("Accept-Language"))}
		c.answer = http.NewResponseController(w)
		c.address, _, _ = net.SplitHostPort(r.RemoteAddr)
		if err := s.authenticate(c, w, r); err != nil {
			_ = s.refusals.Write(w, r, err) // the client may have gone
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

func (s *Server) authenticate(c *caller, w http.ResponseWriter, r *http.Request) error {
	if r.URL.Path == pbconnect.WalletServiceSendCodeProcedure {
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return connect.NewError(connect.CodeInvalidArgument, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if s.Named != nil && !s.Named(hostOf(r.Host)) {
		return connect.NewError(connect.CodeUnauthenticated, errHost)
	}
	if err := c.read(r, body, s.Wall()); err != nil {
		return connect.NewError(connect.CodeUnauthenticated, err)
	}
	if r.URL.Path == pbconnect.WalletServiceEnrolProcedure {
		return nil
	}
	d, err := s.devices.find(r.Context(), s.Core, c.params.Key)
	switch {
	case err != nil:
		return s.fail(c, "find the device", err)
	case d == nil:
		return refuse(c, code.DeviceUnknown)
	case !httpsig.Verify(d.key, c.hash[:], c.signature):
		return connect.NewError(connect.CodeUnauthenticated, errSigned)
	}
	c.uid = d.uid
	gate.From(r.Context()).Works()
	return nil
}

// hostOf is an authority's host, in lower case and without a port.
func hostOf(authority string) string {
	if host, _, err := net.SplitHostPort(authority); err == nil {
		authority = host
	}
	return strings.ToLower(strings.Trim(authority, "[]"))
}

// read reads what the call says of its signature, and what must have been signed.
func (c *caller) read(r *http.Request, body []byte, now time.Time) (err error) {
	input, digest := r.Header.Get("Signature-Input"), r.Header.Get("Content-Digest")
	if input == "" || digest == "" {
		return errUnsigned
	}
	if c.params, c.signature, err = httpsig.Parse(input, r.Header.Get("Signature")); err != nil {
		return err
	}
	if digest != httpsig.Digest(body) {
		return errDigest
	}
	if age := now.Sub(time.Unix(c.params.Created, 0)); age > clockSkew || age < -clockSkew {
		return errOldClock
	}
	c.hash = httpsig.Signed(httpsig.Target{Method: r.Method, Authority: r.Host, Path: r.URL.RequestURI()}, digest, c.params)
	return nil
}

// device is what never changes about a device: its number is a hash of its key, and
// it is enrolled once.
type device struct {
	uid uint64
	key *ecdsa.PublicKey
}

// maxKnown bounds the devices that are remembered; then all are forgotten and looked
// up anew.
const maxKnown = 1 << 16

// known remembers devices' keys. Whether one was ended since, commands and reads see
// in the state; it is forgotten then, since its key may be enrolled anew, by another.
type known struct {
	mu sync.RWMutex
	of map[string]*device
}

func (k *known) find(ctx context.Context, core Core, id []byte) (*device, error) {
	k.mu.RLock()
	d := k.of[string(id)]
	k.mu.RUnlock()
	if d != nil || len(id) != rule.DeviceIDSize {
		return d, nil
	}
	var row *pb.Device
	var uid uint64
	if err := core.ReadLatest(ctx, func(r table.Reader) error {
		if w, ok := rule.ByDevice(r, id); ok {
			uid, row = w.Uid, rule.Device(w, id)
		}
		return nil
	}); err != nil || row == nil {
		return nil, err
	}
	key, err := httpsig.PublicKey(row.PublicKey)
	if err != nil {
		return nil, err
	}
	d = &device{uid: uid, key: key}
	k.mu.Lock()
	if k.of == nil || len(k.of) >= maxKnown {
		k.of = map[string]*device{}
	}
	k.of[string(id)] = d
	k.mu.Unlock()
	return d, nil
}

func (k *known) forget(id []byte) {
	k.mu.Lock()
	delete(k.of, string(id))
	k.mu.Unlock()
}
