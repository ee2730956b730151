package wechatv3

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var (
	jsonType      = []string{"application/json; charset=utf-8"}
	signatureType = []string{seal.Scheme}
	cacheControl  = []string{"no-cache, must-revalidate"}
)

// publicKeyPrefix begins the id of a key in public-key mode.
const publicKeyPrefix = "PUB_KEY_ID_"

// answer signs and writes a success; a nil body is 204. Header names are set in
// the map as clients compare them: net/http would write Request-Id.
func (a *API) answer(w http.ResponseWriter, q *Request, body []byte) {
	by, err := a.signed(q, body)
	if err != nil {
		a.refuse(w, q, a.failed(q, err))
		return
	}
	status, length := http.StatusNoContent, ""
	if body != nil {
		status, length = http.StatusOK, strconv.Itoa(len(body))
	}
	// One array backs the values: one allocation in place of six.
	v := &[...]string{q.id + "-" + digitsSuccess, by.timestamp, by.nonce, by.serial, by.text, length}
	h := w.Header()
	h[headerRequestID] = v[0:1:1]
	h["Cache-Control"] = cacheControl
	h["Wechatpay-Timestamp"] = v[1:2:2]
	h["Wechatpay-Nonce"] = v[2:3:3]
	h["Wechatpay-Serial"] = v[3:4:4]
	h["Wechatpay-Signature"] = v[4:5:5]
	h["Wechatpay-Signature-Type"] = signatureType
	if body != nil {
		h["Content-Type"] = jsonType
		h["Content-Length"] = v[5:6:6]
	}
	w.WriteHeader(status)
	if body != nil {
		w.Write(body) // an error means that the client is gone
	}
	a.observe(q, status, "OK")
}

// signature is what proves an answer.
type signature struct {
	timestamp, nonce, serial, text string
	at                             time.Time
}

// signed makes an answer's signature, or finds the one that the same answer was
// given with just before.
func (a *API) signed(q *Request, body []byte) (s signature, err error) {
	if q.poll != nil && q.poll.again != nil {
		return *q.poll.again, nil
	}
	now := a.now()
	by := a.signer(q, now.UnixMilli())
	s = signature{timestamp: strconv.FormatInt(now.Unix(), 10), nonce: newNonce(), serial: by.ID(), at: now}
	if s.text, err = a.sign(by, seal.AnswerMessage(s.timestamp, s.nonce, body)); err == nil && q.poll != nil {
		a.polls.put(q.poll.key, polled{body: body, final: q.poll.final, signature: s})
	}
	return s, err
}

// signer is one of the platform's keys; *keystore.Signer is one.
type signer interface {
	ID() string
	Sign(message []byte) (string, error)
}

// signer chooses the key that signs an answer (wire reference, 1.6). A merchant
// in both modes gets the public key when the request names one. Who names a
// platform certificate that is listed gets that one: during a rotation this is
// the one the client surely has.
func (a *API) signer(q *Request, now int64) *keystore.Signer {
	asked := q.http.Header.Get("Wechatpay-Serial")
	named := strings.HasPrefix(asked, publicKeyPrefix)
	switch q.Merchant.Settings.GetKeyMode() {
	case pb.KeyMode_KEY_MODE_PUBLIC_KEY:
		return a.keys.PublicKey()
	case pb.KeyMode_KEY_MODE_CERTIFICATE:
	default:
		if named {
			return a.keys.PublicKey()
		}
	}
	if asked != "" && !named {
		if s, ok := a.keys.Signer(asked); ok && a.listed(s.ID(), now) {
			return s
		}
	}
	return a.keys.SigningCert(now)
}

func (a *API) listed(serial string, now int64) bool {
	for _, c := range a.keys.PlatformCerts(now) {
		if c.Serial == serial {
			return true
		}
	}
	return false
}

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newNonce draws the 32 characters of an answer's nonce. It makes signatures
// differ; it is no secret.
func newNonce() string {
	var nonce [32]byte
	for i := range nonce {
		nonce[i] = alphanumeric[rand.IntN(len(alphanumeric))]
	}
	return string(nonce[:])
}
