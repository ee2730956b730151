package diagnose

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

// Notice is a callback as a merchant's code received it.
type Notice struct {
	// Header has at least the four Wechatpay headers.
	Header http.Header
	// Body is what was verified, byte for byte.
	Body []byte
	// With is the certificate or public key that the merchant's code verifies
	// with, as PEM; nil when it was not given.
	With []byte
	// APIv3Key is the key that the merchant's code opens the notice with, "" when
	// it was not given.
	APIv3Key string
}

// ExamineNotice says what is wrong with a notice or with the way it is verified.
// now is the time that its timestamp is held against.
func ExamineNotice(n Notice, known Known, now time.Time) *Report {
	x := &examination{report: Report{Kind: "notice"}, known: known, now: now}
	head := x.noticeHeaders(n.Header)
	x.timestamp(head["Timestamp"], "Wechatpay-Timestamp")
	parts := [][]candidate{stamps(head["Timestamp"]), {same([]byte(head["Nonce"]))}, bodies(n.Body)}
	x.setMessage(parts)
	if strings.HasPrefix(head["Signature"], "WECHATPAY/SIGNTEST/") {
		x.wrong("signature_probe", "Wechatpay-Signature", 0, "这是验签探测（WECHATPAY/SIGNTEST/）：签名本来就是错的，应答 4xx 才对。", "This is a probe (WECHATPAY/SIGNTEST/): its signature is wrong on purpose, and refusing it with a 4xx is right.")
		return x.done()
	}
	raw := x.signature(head["Signature"], "Wechatpay-Signature", rsaSize)
	key := x.platformKey(head["Serial"])
	if made, ok := x.openedBy(raw, key, head["Serial"]); ok {
		x.searchMessage(made, parts, 0, n.Body)
		x.report.Verified = x.report.Verified && key != nil && made.key.ID == key.ID
	}
	x.verifier(n.With, head["Serial"])
	x.resource(n.Body, n.APIv3Key)
	return x.done()
}

// noticeHeaders picks the headers, whatever case they are written in.
func (x *examination) noticeHeaders(h http.Header) map[string]string {
	values := map[string]string{}
	for _, name := range []string{"Timestamp", "Nonce", "Signature", "Serial"} {
		values[name] = h.Get("Wechatpay-" + name)
		if values[name] == "" {
			x.wrong("header_missing", "Wechatpay-"+name, -1, "缺少请求头 Wechatpay-"+name+"；请检查代理是否去掉了它。", "The header Wechatpay-"+name+" is missing; check whether a proxy removes it.")
		}
	}
	return values
}

// platformKey finds the key that Wechatpay-Serial names.
func (x *examination) platformKey(id string) *Key {
	if id == "" {
		return nil
	}
	k := named(id, x.known.Platform)
	switch {
	case k != nil:
		x.validity(k)
	case named(id, x.known.Merchants) != nil:
		x.wrong("serial_merchant", "Wechatpay-Serial", -1, "Wechatpay-Serial 是商户自己的证书；通知由平台签名。", "Wechatpay-Serial names the merchant's own certificate; notices are signed by the platform.")
	case len(x.known.Platform) > 0:
		x.wrong("serial_unknown", "Wechatpay-Serial", -1, fmt.Sprintf("没有编号为 %q 的平台证书或公钥%s。", clip(id), x.platformIDs()),
			fmt.Sprintf("The platform has no certificate or public key %q%s.", clip(id), x.platformIDs()))
	}
	return k
}

func (x *examination) platformIDs() string {
	var list []string
	for _, k := range x.known.Platform {
		list = append(list, k.ID)
	}
	return " (" + strings.Join(list, ", ") + ")"
}

// verifier judges the key that the merchant's code verifies with.
func (x *examination) verifier(text []byte, serial string) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return
	}
	public, err := verifyingKey(text)
	if err != nil {
		x.wrong("verifier_unreadable", "key", -1, "您用来验签的内容既不是 PEM 证书，也不是 PEM 公钥。", "What you verify with is neither a PEM certificate nor a PEM public key: "+err.Error()+".")
		return
	}
	for _, k := range x.known.Merchants {
		if k.Public.Equal(public) {
			x.wrong("verifier_merchant", "key", -1, "您用商户自己的证书验签；应使用平台证书或平台公钥。", "You verified with the merchant's certificate; use the platform's certificate or public key.")
			return
		}
	}
	for _, k := range x.known.Platform {
		if !k.Public.Equal(public) {
			continue
		}
		if other := named(serial, x.known.Platform); other != nil && other.ID != k.ID {
			has, needs := k.name(), other.name()
			x.wrong("verifier_other", "key", -1, "您用"+has.ZH+"验签，而这条通知是用"+needs.ZH+"签名的。", "You verified with "+has.EN+", but this notice was signed with "+needs.EN+". Pick the key by Wechatpay-Serial.")
		}
		return
	}
	x.wrong("verifier_unknown", "key", -1, "您用来验签的密钥不是本平台的"+x.platformIDs()+"。", "The key that you verify with is none of this platform's"+x.platformIDs()+".")
}

// verifyingKey reads a certificate or a public key.
func verifyingKey(text []byte) (*rsa.PublicKey, error) {
	if bytes.Contains(text, []byte("PRIVATE KEY")) {
		return nil, errors.New("it is a private key, which nobody else may see")
	}
	if cert, err := seal.ParseCertificate(text); err == nil {
		return seal.CertificateKey(cert), nil
	}
	return seal.ParsePublicKey(text)
}

// envelope is a notice's body.
type envelope struct {
	EventType string `json:"event_type"`
	Resource  struct {
		Algorithm      string `json:"algorithm"`
		Ciphertext     string `json:"ciphertext"`
		AssociatedData string `json:"associated_data"`
		Nonce          string `json:"nonce"`
	} `json:"resource"`
}

// resource opens what is sealed in a notice.
func (x *examination) resource(body []byte, given string) {
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		x.wrong("body_json", "body", -1, "请求体不是 JSON 对象。", "The body is not a JSON object.")
		return
	}
	r := e.Resource
	if r.Algorithm != seal.Algorithm {
		x.wrong("resource_algorithm", "resource.algorithm", -1, "resource.algorithm 应为 "+seal.Algorithm+"。", "resource.algorithm has to be "+seal.Algorithm+".")
		return
	}
	plain := x.openKnown(e)
	if given != "" {
		x.givenKey(e, given, plain)
	}
}

// openKnown opens a notice with the merchants' own keys.
func (x *examination) openKnown(e envelope) []byte {
	r := e.Resource
	for _, k := range x.known.APIv3 {
		if plain, err := seal.Open(k.Key, r.Nonce, r.AssociatedData, r.Ciphertext); err == nil {
			x.report.Plaintext = string(plain)
			return plain
		}
	}
	if len(x.known.APIv3) > 0 {
		x.wrong("resource_sealed", "resource.ciphertext", -1, "密文用已知的 APIv3 密钥都打不开：它被改动过，或换过密钥。", "No known APIv3 key opens the ciphertext: it was altered, or the key was replaced.")
	}
	return nil
}

// givenKey says whether the merchant's code has the right APIv3 key.
func (x *examination) givenKey(e envelope, given string, plain []byte) {
	r := e.Resource
	opens := func(key []byte) bool {
		got, err := seal.Open(key, r.Nonce, r.AssociatedData, r.Ciphertext)
		if err == nil {
			x.report.Plaintext = string(got)
		}
		return err == nil
	}
	if opens([]byte(given)) {
		return
	}
	decoded := func(raw []byte, err error) []byte {
		if err != nil {
			return nil
		}
		return raw
	}
	for _, way := range []struct {
		key    []byte
		zh, en string
	}{
		{[]byte(strings.TrimSpace(given)), "APIv3 密钥前后有空白或换行。", "The APIv3 key has white space or a newline around it."},
		{decoded(hex.DecodeString(given)), "APIv3 密钥被写成了十六进制；它就是 32 个字符，按原样使用。", "The APIv3 key is written in hexadecimal; it is 32 characters, used as they are."},
		{decoded(base64.StdEncoding.DecodeString(given)), "APIv3 密钥被 base64 编码过；它就是 32 个字符，按原样使用。", "The APIv3 key is written in base64; it is 32 characters, used as they are."},
	} {
		if opens(way.key) {
			x.wrong("apiv3_format", "apiv3_key", -1, way.zh, way.en)
			return
		}
	}
	switch {
	case len(given) != seal.KeySize:
		x.wrong("apiv3_length", "apiv3_key", -1, fmt.Sprintf("APIv3 密钥有 %d 字节，应为 %d。", len(given), seal.KeySize), fmt.Sprintf("The APIv3 key has %d bytes; it has %d.", len(given), seal.KeySize))
	case plain != nil:
		x.wrong("apiv3_wrong", "apiv3_key", -1, "您的 APIv3 密钥不是商户现在的那一个。", "Your APIv3 key is not the merchant's present one.")
	default:
		x.wrong("apiv3_wrong", "apiv3_key", -1, "用您的 APIv3 密钥打不开密文：密钥、nonce 或 associated_data 有误，或密文被改动过。", "Your APIv3 key does not open the ciphertext: key, nonce or associated_data is wrong, or it was altered.")
	}
}
