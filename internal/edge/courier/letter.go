package courier

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatjson"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// letter is a notice ready to be sent: everything but the wire.
type letter struct {
	url    *url.URL
	header http.Header
	body   []byte
	// serial is the certificate's serial or the public key's id.
	serial string
}

// errNoKey is a notice whose merchant has no APIv3 key that this courier knows.
var errNoKey = errors.New("the merchant's APIv3 key is not in the keystore; set one with `holdfast merchant key`")

// sealer seals and signs. It is safe for concurrent use.
type sealer struct{ keys Keys }

// write makes a letter of a notice. The body depends on the notice and the key
// alone, so all attempts under one key send the same bytes; timestamp, nonce
// and signature are fresh each time.
//
// Errors: *errURL, errNoKey, or what the keys answer.
func (p *sealer) write(n *pb.OwedNotice) (letter, error) {
	// Merchants compare timestamp and certificate with their own clock, so this
	// is the wall clock even where business time runs ahead.
	return p.writeAt(n, time.Now())
}

// writeAt is write at another time.
func (p *sealer) writeAt(n *pb.OwedNotice, now time.Time) (letter, error) {
	u, err := checkURL(n)
	if err != nil {
		return letter{}, err
	}
	if n.Apiv3KeyId == "" {
		return letter{}, errNoKey
	}
	key, ok := p.keys.APIv3Key(n.Apiv3KeyId)
	if !ok {
		return letter{}, errNoKey
	}
	body, err := envelope(n, key)
	if err != nil {
		return letter{}, fmt.Errorf("seal notice %d: %w", n.Notice.Id, err)
	}
	signer := p.keys.SigningCert(now.UnixMilli())
	if n.SignWithPublicKey {
		signer = p.keys.PublicKey()
	}
	timestamp, nonce := strconv.FormatInt(now.Unix(), 10), word(32)
	signature, err := signer.Sign(seal.AnswerMessage(timestamp, nonce, body))
	if err != nil {
		return letter{}, fmt.Errorf("sign notice %d: %w", n.Notice.Id, err)
	}
	return letter{u, headers(timestamp, nonce, signature, signer.ID()), body, signer.ID()}, nil
}

// envelope is a notice's body: the plaintext sealed under the merchant's key.
func envelope(n *pb.OwedNotice, key []byte) ([]byte, error) {
	nonce := seal.DeriveNonce(key, n.Notice.Id, n.Plaintext)
	ciphertext, err := seal.Seal(key, nonce, n.AssociatedData, n.Plaintext)
	if err != nil {
		return nil, err
	}
	return wechatjson.Envelope{
		ID: n.EventId, CreateTime: n.CreateTime, Nonce: nonce, Ciphertext: ciphertext,
		Event: wechatjson.Event{
			Type: n.EventType, Summary: n.Summary, ResourceType: n.ResourceType,
			OriginalType: n.OriginalType, AssociatedData: n.AssociatedData,
		},
	}.Body(), nil
}

// headers are written with exactly this case: some clients look them up in a
// case-sensitive map.
func headers(timestamp, nonce, signature, serial string) http.Header {
	return http.Header{
		"Accept":                   {"*/*"},
		"Cache-Control":            {"no-cache"},
		"Content-Type":             {"application/json"},
		"Pragma":                   {"no-cache"},
		"Request-ID":               {requestID()},
		"User-Agent":               {"Mozilla/4.0"},
		"Wechatpay-Nonce":          {nonce},
		"Wechatpay-Serial":         {serial},
		"Wechatpay-Signature":      {signature},
		"Wechatpay-Signature-Type": {seal.Scheme},
		"Wechatpay-Timestamp":      {timestamp},
		// Not sent (no value): lets the transport use a fresh connection when the
		// merchant closed an idle one just as the request went out.
		"Idempotency-Key": {},
	}
}

// requestID draws a Request-ID in the shape the live service uses: forty hex
// digits and the inner code 0.
func requestID() string {
	var b [20]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return strings.ToUpper(hex.EncodeToString(b[:])) + "-0"
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// word draws n characters of [0-9A-Za-z]. The first eight are likelier by a
// quarter: a nonce has to differ, not to be a secret.
func word(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails (crypto/rand)
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}
