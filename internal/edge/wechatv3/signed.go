package wechatv3

import (
	"crypto/sha256"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

// What a client signed is the method, the request target exactly as on the
// request line, timestamp, nonce and raw body. Some clients sign something
// else and are right in the eyes of the live service, or sit behind a proxy
// that changed the target after signing (wire reference, 1.3 and 8.1 #28):
//
//   - wechatpay-node-v3 leaves the last newline out when there is no body;
//   - it signs the whole address where the host is not api.mch.weixin.qq.com;
//   - a base address with a path is signed by some clients and added after
//     signing by others;
//   - a bare question mark at the end of the target is added by some HTTP
//     libraries, and taken away by some proxies, after signing.
//
// These variants are tried when the plain message does not verify. None of
// them lets another request pass for the signed one: method, path, query,
// timestamp, nonce and body are in each.

// target is the request target that is signed: as sent, but for a client that
// spoke to us as to a proxy and put the whole address on the request line.
func target(q *Request) string {
	uri := q.http.RequestURI
	if i := strings.Index(uri, "://"); i > 0 && !strings.HasPrefix(uri, "/") {
		if j := strings.IndexByte(uri[i+3:], '/'); j >= 0 {
			return uri[i+3+j:]
		}
	}
	return uri
}

// message is what q should have signed.
func (q *Request) message(target string) []byte {
	return seal.RequestMessage(q.http.Method, target, q.auth.Timestamp, q.auth.Nonce, q.body)
}

// verify checks that q was signed with key. The error says what is wrong with
// the signature: seal.ErrSignature, or that it is no signature at all.
func (a *API) verify(key *verifier, q *Request) error {
	signed, err := key.open(q.auth.Signature)
	if err != nil {
		return err
	}
	plain := target(q)
	if sha256.Sum256(q.message(plain)) == signed {
		return nil
	}
	if !a.variants {
		return seal.ErrSignature
	}
	for _, t := range a.targets(q, plain) {
		message := q.message(t)
		if sha256.Sum256(message) == signed || len(q.body) == 0 && sha256.Sum256(message[:len(message)-1]) == signed {
			return nil
		}
	}
	return seal.ErrSignature
}

// targets lists what a client may have signed in place of plain, plain first.
func (a *API) targets(q *Request, plain string) []string {
	list := make([]string, 1, 5)
	list[0] = plain
	if bare, ok := strings.CutSuffix(plain, "?"); ok {
		list = append(list, bare)
	} else if !strings.Contains(plain, "?") {
		list = append(list, plain+"?")
	}
	if host := q.http.Host; host != "" {
		list = append(list, "https://"+host+plain, "http://"+host+plain)
	}
	if a.prefix != "" {
		if without, ok := strings.CutPrefix(plain, a.prefix); ok {
			list = append(list, without)
		} else {
			list = append(list, a.prefix+plain)
		}
	}
	return list
}
