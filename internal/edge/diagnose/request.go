package diagnose

import (
	"bytes"
	"crypto"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Request is a request as a merchant's code sent it.
type Request struct {
	// Method is GET, POST ...; "" stands for POST with a body and GET without.
	Method string
	// URL is what was called: an address, or path and query alone.
	URL string
	// Authorization is the header's value.
	Authorization string
	// Body is what was sent, byte for byte.
	Body []byte
}

// rsaSize is the length of the API's signatures in bytes.
const rsaSize = 256

// ExamineRequest says what is wrong with a request. now is the time that its
// timestamp is held against.
func ExamineRequest(q Request, known Known, now time.Time) *Report {
	x := &examination{report: Report{Kind: "request"}, known: known, now: now}
	if q.Method == "" {
		q.Method = "GET"
		if len(q.Body) > 0 {
			q.Method = "POST"
		}
	}
	target, host := targetOf(q.URL)
	x.address(target, q.URL)
	values := x.authorization(q.Authorization)
	x.timestamp(values["timestamp"], "timestamp")
	x.identity(values["mchid"], values["nonce_str"])
	x.mchidInBody(values["mchid"], q.Body)
	parts := [][]candidate{methods(q.Method), targets(target, host), stamps(values["timestamp"]), {same([]byte(values["nonce_str"]))}, bodies(q.Body)}
	x.setMessage(parts)
	raw := x.signature(values["signature"], "signature", rsaSize)
	key := x.merchantKey(values["mchid"], values["serial_no"])
	if made, ok := x.openedBy(raw, key, values["serial_no"]); ok {
		x.searchMessage(made, parts, 2, q.Body)
		x.report.Verified = x.report.Verified && key != nil && made.key.ID == key.ID && !key.Revoked
	}
	return x.done()
}

// address judges the URL by itself.
func (x *examination) address(target, whole string) {
	switch {
	case whole == "":
		x.wrong("url_missing", "url", -1, "没有给出 URL。", "No URL was given.")
	case !strings.HasPrefix(target, "/"):
		x.wrong("url_path", "url", 0, "URL 应以 / 开头，或为完整地址。", "The URL begins with a slash, or is a whole address.")
	case strings.Contains(target, "//"):
		at := strings.Index(target, "//")
		x.wrong("url_double_slash", "url", at, fmt.Sprintf("路径在第 %d 字节处有两个连续的斜杠。", at), fmt.Sprintf("The path has two slashes in a row at byte %d.", at))
	case strings.ContainsAny(target, " \t\r\n"):
		x.wrong("url_blank", "url", strings.IndexAny(target, " \t\r\n"), "URL 中有空白字符。", "There is white space in the URL.")
	case !strings.HasPrefix(target, "/v3/"):
		x.note("url_not_v3", "url", 0, "路径不以 /v3/ 开头：这里只有 APIv3。", "The path does not begin with /v3/: only APIv3 is served.")
	}
}

// mchidInBody: the API refuses a body that names another merchant.
func (x *examination) mchidInBody(mchid string, body []byte) {
	var fields struct {
		Mchid   string `json:"mchid"`
		SpMchid string `json:"sp_mchid"`
	}
	if mchid == "" || len(body) == 0 || json.Unmarshal(body, &fields) != nil {
		return
	}
	if other := fields.Mchid + fields.SpMchid; other != "" && fields.Mchid != mchid && fields.SpMchid != mchid {
		x.wrong("mchid_differs", "body", -1, fmt.Sprintf("请求体中的商户号 %s 与 Authorization 中的 %s 不同。", clip(other), clip(mchid)),
			fmt.Sprintf("The body names merchant %s and the Authorization header %s.", clip(other), clip(mchid)))
	}
}

// merchantKey finds the certificate that the header names, and says what is wrong
// with the name.
func (x *examination) merchantKey(mchid, serial string) *Key {
	if serial == "" {
		return nil
	}
	k := named(serial, x.known.Merchants)
	switch {
	case k == nil && named(serial, x.known.Platform) != nil:
		x.wrong("serial_platform", "serial_no", -1, "serial_no 是平台证书（或平台公钥）的编号；应为商户 API 证书的序列号"+x.certificates(mchid)+"。",
			"serial_no is the platform's; it has to be the serial number of the merchant's own API certificate"+x.certificates(mchid)+".")
	case k == nil:
		if other, why := misspelt(serial, x.known.Merchants); other != nil {
			x.wrong("serial_format", "serial_no", -1, why.ZH, why.EN)
			return other
		}
		if len(x.known.Merchants) > 0 {
			x.wrong("serial_unknown", "serial_no", -1, fmt.Sprintf("没有序列号为 %q 的商户证书%s。", clip(serial), x.certificates(mchid)),
				fmt.Sprintf("There is no merchant certificate %q%s.", clip(serial), x.certificates(mchid)))
		}
	case k.Mchid != mchid && mchid != "":
		x.wrong("serial_other_merchant", "serial_no", -1, "该证书属于另一个商户 "+k.Mchid+"。", "This certificate is another merchant's: "+k.Mchid+".")
	default:
		x.validity(k)
	}
	return k
}

// certificates lists the serial numbers that a merchant may name.
func (x *examination) certificates(mchid string) string {
	var list []string
	for _, k := range x.known.Merchants {
		if k.Mchid == mchid && !k.Revoked {
			list = append(list, k.ID)
		}
	}
	if list == nil {
		return ""
	}
	return " (" + strings.Join(list, ", ") + ")"
}

func (x *examination) validity(k *Key) {
	switch {
	case k.Revoked:
		x.wrong("certificate_revoked", "serial_no", -1, "该证书已作废。", "This certificate is revoked.")
	case !k.NotAfter.IsZero() && x.now.After(k.NotAfter):
		x.wrong("certificate_expired", "serial_no", -1, "该证书已过期（"+k.NotAfter.Format(time.RFC3339)+"）。", "This certificate expired at "+k.NotAfter.Format(time.RFC3339)+".")
	case x.now.Before(k.NotBefore):
		x.wrong("certificate_early", "serial_no", -1, "该证书尚未生效。", "This certificate is not valid yet.")
	}
}

// openedBy finds whose key made the signature, and says so when it is another
// than the one named.
func (x *examination) openedBy(raw []byte, key *Key, id string) (opened, bool) {
	if raw == nil {
		return opened{}, false
	}
	made, ok := maker(raw, key, x.known.all())
	switch {
	case !ok && len(x.known.all()) == 0:
		x.note("key_unknown", "key", -1, "没有给出证书或公钥，无法验证签名。", "No certificate or public key was given, so the signature can't be verified.")
	case !ok && probabilistic(raw, x.known.all(), []byte(x.report.Message)):
		x.wrong("padding_pss", "signature", -1, "签名用了 RSA-PSS；应为 PKCS #1 v1.5（SHA256withRSA）。", "The signature is RSA-PSS; it has to be PKCS #1 v1.5 (SHA256withRSA).")
	case !ok:
		x.wrong("key_wrong", "key", -1,
			fmt.Sprintf("签名不是用 %q 对应的私钥做的，也不是任何已知的密钥：私钥与证书不配对。", clip(id)),
			fmt.Sprintf("The signature was made neither with the key that belongs to %q nor with any other known one: private key and certificate are not a pair.", clip(id)))
	case key != nil && made.key.ID != key.ID:
		name := made.key.name()
		x.wrong("key_other", "key", -1, "签名是用另一把私钥做的："+name.ZH+"；请求头写的却是 "+clip(id)+"。", "The signature was made with another key, that of "+name.EN+", while the header names "+clip(id)+".")
	}
	if !ok {
		return made, false
	}
	name := made.key.name()
	x.report.Key = &name
	if made.hash != crypto.SHA256 {
		x.wrong("hash", "signature", -1, "签名用的哈希是 "+hashName(made.hash)+"；应为 SHA-256（SHA256withRSA）。", "The signature's hash is "+hashName(made.hash)+"; it has to be SHA-256 (SHA256withRSA).")
	}
	return made, true
}

// setMessage shows what has to be signed.
func (x *examination) setMessage(parts [][]candidate) {
	var lines [][]byte
	for _, p := range parts {
		lines = append(lines, p[0].value)
	}
	message := right(lines)
	x.report.Message, x.report.Length = string(message), len(message)
}

// searchMessage looks for what was signed, and explains how it differs. stamp is
// which of the parts is the timestamp; the body is the last.
func (x *examination) searchMessage(made opened, parts [][]candidate, stamp int, body []byte) {
	s := &search{hash: made.hash, digest: made.digest, parts: parts}
	m, ok := s.find()
	if !ok {
		s.parts = make([][]candidate, len(parts))
		for i, p := range parts {
			s.parts[i] = p[:1]
		}
		s.parts[stamp] = units(string(parts[stamp][0].value))
		m, ok = s.find()
	}
	switch {
	case !ok:
		x.wrong("message_unknown", "signature", -1,
			"密钥是对的，签名的内容却是另一串，不是常见的错误之一。请把您签名的字符串与下面的逐字节比较（时间戳和随机串须与请求头中的相同）。",
			"The key is right, but what was signed is something else and none of the usual mistakes. Compare the string that you signed with the one below, byte for byte (timestamp and nonce have to be those in the header).")
	case m.exact():
		x.report.Verified = made.hash == crypto.SHA256
	default:
		x.report.Signed = string(m.message)
		x.explain(m, body)
	}
}

// explain names each difference between what was signed and what was sent.
func (x *examination) explain(m match, body []byte) {
	for i, c := range m.chosen {
		switch {
		case c.text == nil:
		case i == len(m.chosen)-1:
			at, more := compare(c.value, body)
			x.wrong(c.id, "body", at, c.text.ZH+more.ZH, c.text.EN+" "+more.EN)
		default:
			x.wrong(c.id, lineNames[len(m.chosen)][i], -1, c.text.ZH, c.text.EN)
		}
	}
	if c, ok := newlineOfBody(m, body); ok {
		at, more := compare(c.value, body)
		x.wrong(c.id, "body", at, c.text.ZH+more.ZH, c.text.EN+" "+more.EN)
	} else if m.frame.text != nil {
		x.wrong(m.frame.id, "message", -1, m.frame.text.ZH, m.frame.text.EN)
	}
}

// newlineOfBody: a newline too many or too few at the end of a message that has a
// body is the same bytes as one at the end of the body, and that is where it is
// made.
func newlineOfBody(m match, body []byte) (candidate, bool) {
	signed, longer := "", append(bytes.Clone(body), '\n')
	switch {
	case m.frame.id == "newline_double" && len(body) > 0:
		signed = string(longer)
	case m.frame.id == "newline_missing" && bytes.HasSuffix(body, []byte("\n")):
		signed = string(body[:len(body)-1])
	default:
		return candidate{}, false
	}
	for _, c := range bodies(body) {
		if c.id == "body_newline" && string(c.value) == signed {
			return c, true
		}
	}
	return candidate{}, false
}

// lineNames are the fields of a message's lines but the body, by their number.
var lineNames = map[int][]string{5: {"method", "url", "timestamp", "nonce_str"}, 3: {"timestamp", "nonce_str"}}
