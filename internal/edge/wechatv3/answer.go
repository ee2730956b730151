package wechatv3

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"

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
func (a *API) answer(w http.ResponseWriter, q *request, body []byte) {
	now := a.now()
	timestamp, nonce := strconv.FormatInt(now.Unix(), 10), newNonce()
	signer := a.signer(q, now.UnixMilli())
	signature, err := signer.Sign(seal.AnswerMessage(timestamp, nonce, body))
	if err != nil {
		a.refuse(w, q, a.failed(q, err))
		return
	}
	h := w.Header()
	h[headerRequestID] = []string{q.id + "-" + digitsSuccess}
	h["Cache-Control"] = cacheControl
	h["Wechatpay-Timestamp"] = []string{timestamp}
	h["Wechatpay-Nonce"] = []string{nonce}
	h["Wechatpay-Serial"] = []string{signer.ID()}
	h["Wechatpay-Signature"] = []string{signature}
	h["Wechatpay-Signature-Type"] = signatureType
	status := http.StatusNoContent
	if body != nil {
		status = http.StatusOK
		h["Content-Type"] = jsonType
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	w.WriteHeader(status)
	if body != nil {
		w.Write(body) // an error means that the client is gone
	}
	a.observe(q, status, "OK")
}

// signer chooses the key that signs an answer (wire reference, 1.6). A merchant
// in both modes gets the public key when the request names one. Who names a
// platform certificate that is listed gets that one: during a rotation this is
// the one the client surely has.
func (a *API) signer(q *request, now int64) *keystore.Signer {
	asked := q.http.Header.Get("Wechatpay-Serial")
	named := strings.HasPrefix(asked, publicKeyPrefix)
	switch q.merchant.Settings.GetKeyMode() {
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
