package cashier

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
)

// checkInvocation verifies what a merchant signed so that a payer's device can
// start the payment (wire reference, 1.10). The names in call are lower-case.
// nil means that it is right.
func (c *Cashier) checkInvocation(r table.Reader, s *scene, call url.Values) *wrongCall {
	if wrong := checkShape(s.order, call); wrong != nil {
		return wrong
	}
	signature := signatureOf(s.order.Product, call)
	keys, serials := c.merchantKeys(r, s.order.Mchid)
	if len(keys) == 0 {
		return badCall("paysign", "商户没有有效的 API 证书，无法验证签名。", "The merchant has no valid API certificate to check the signature with.")
	}
	message := invocationMessage(s, call)
	var failure error
	for _, key := range keys {
		if failure = seal.Verify(key, message, signature); failure == nil {
			return nil
		}
	}
	return explainSignature(s, call, keys, serials, message, failure)
}

// checkShape checks everything about an invocation but its signature.
func checkShape(o *pb.Order, call url.Values) *wrongCall {
	at, nonce := call.Get("timestamp"), call.Get("noncestr")
	switch {
	case !digits(at) || len(at) > 12:
		hint := text{"timeStamp 应为以秒为单位的数字字符串。", "timeStamp must be a string of seconds."}
		if digits(at) && len(at) == 13 {
			hint = text{"timeStamp 应为秒，收到的是毫秒。", "timeStamp must be in seconds; these are milliseconds."}
		}
		return &wrongCall{kind: kindBadCall, Field: "timestamp", Reason: hint, Facts: []field{{"timeStamp", clip(at)}}}
	case nonce == "" || len(nonce) > 32:
		return badCall("noncestr", "nonceStr 应为 1 到 32 个字符。", "nonceStr must have 1 to 32 characters.")
	case call.Get("appid") != "" && call.Get("appid") != o.Appid:
		return badCall("appid", "appId 与下单时的 appid 不一致。", "appId differs from the one the order was placed with.",
			field{"appId", clip(call.Get("appid"))}, field{"appid", o.Appid})
	}
	if o.Product == pb.Product_PRODUCT_JSAPI {
		if t := call.Get("signtype"); t != "RSA" {
			return badCall("signtype", "signType 应为 RSA。", "signType must be RSA.", field{"signType", clip(t)})
		}
		return nil
	}
	if p := call.Get("partnerid"); p != o.Mchid {
		return badCall("partnerid", "partnerid 应为下单的商户号。", "partnerid must be the mchid that placed the order.", field{"partnerid", clip(p)})
	}
	return nil
}

// invocationMessage is what the merchant should have signed.
func invocationMessage(s *scene, call url.Values) []byte {
	return seal.InvocationMessage(s.order.Appid, call.Get("timestamp"), call.Get("noncestr"), pkg(s, s.order.Product))
}

// pkg is the last line of the message.
func pkg(s *scene, product pb.Product) string {
	if product == pb.Product_PRODUCT_JSAPI {
		return "prepay_id=" + s.prepayID
	}
	return s.prepayID
}

func signatureOf(product pb.Product, call url.Values) string {
	if product == pb.Product_PRODUCT_JSAPI {
		return call.Get("paysign")
	}
	return call.Get("sign")
}

// merchantKeys are the keys of the merchant's certificates that are valid now:
// any of them may sign.
func (c *Cashier) merchantKeys(r table.Reader, mchid string) (keys []*rsa.PublicKey, serials []string) {
	now := c.now().UnixMilli()
	for _, cert := range merchant.Certs(r, mchid) {
		if cert.RevokedAt != 0 || now < cert.NotBefore || now > cert.NotAfter {
			continue
		}
		parsed, err := seal.ParseCertificateDER(cert.Der)
		if err != nil {
			continue // it was checked when it was added
		}
		keys, serials = append(keys, seal.CertificateKey(parsed)), append(serials, cert.Serial)
	}
	return keys, serials
}

// explainSignature says as much as can be known about a signature that doesn't
// verify: what we built, whose keys we tried, and which usual mistake it is.
func explainSignature(s *scene, call url.Values, keys []*rsa.PublicKey, serials []string, message []byte, failure error) *wrongCall {
	wrong := badCall(signatureField(s.order.Product), "签名验证失败：", "The signature does not verify: ",
		field{"sign_message", strings.ReplaceAll(string(message), "\n", `\n`)},
		field{"sign_message_length", fmt.Sprint(len(message))},
		field{"serial_no", strings.Join(serials, ", ")})
	why := text{"请用商户 API 私钥对上面的四行内容签名（每行以 \\n 结尾，包括最后一行）。", "sign the four lines above with the merchant's API key, each ended by \\n, the last one too."}
	if !errors.Is(failure, seal.ErrSignature) {
		why = text{"它不是标准 base64 编码的 RSA-2048 签名。", "it is not an RSA signature in standard base64."}
	} else if mistake, ok := usualMistake(s, call, keys); ok {
		why = mistake
	}
	wrong.Reason.ZH += why.ZH
	wrong.Reason.EN += why.EN
	return wrong
}

// usualMistake tries the messages that merchants sign by mistake.
func usualMistake(s *scene, call url.Values, keys []*rsa.PublicKey) (text, bool) {
	o, at, nonce := s.order, call.Get("timestamp"), call.Get("noncestr")
	right := string(invocationMessage(s, call))
	other := pb.Product_PRODUCT_JSAPI
	otherIs := text{"签的是 JSAPI 的写法；APP 的最后一行是不带 prepay_id= 的 prepayid。", "this is the JSAPI form; an APP's last line is the bare prepayid without prepay_id=."}
	if o.Product == pb.Product_PRODUCT_JSAPI {
		other, otherIs = pb.Product_PRODUCT_APP, text{"最后一行应为 prepay_id=…，而不是裸的 prepay_id。", "the last line must be prepay_id=…, not the bare prepay_id."}
	}
	mistakes := []struct {
		message string
		is      text
	}{
		{string(seal.InvocationMessage(o.Appid, at, nonce, pkg(s, other))), otherIs},
		{strings.TrimSuffix(right, "\n"), text{"少了最后一个换行符。", "the last line's newline is missing."}},
		{strings.ReplaceAll(right, "\n", `\n`), text{"换行写成了反斜杠加 n 两个字符。", "the newlines were signed as the two characters backslash and n."}},
		{strings.ReplaceAll(right, "\n", "\r\n"), text{"换行应为 \\n，而不是 \\r\\n。", "lines end in \\n, not \\r\\n."}},
		{string(seal.InvocationMessage(o.Appid, nonce, at, pkg(s, o.Product))), text{"第二行是 timeStamp，第三行是 nonceStr，顺序反了。", "the second line is timeStamp and the third nonceStr; they are swapped."}},
	}
	signature := signatureOf(o.Product, call)
	for _, m := range mistakes {
		for _, key := range keys {
			if seal.Verify(key, []byte(m.message), signature) == nil {
				return m.is, true
			}
		}
	}
	return text{}, false
}

func signatureField(product pb.Product) string {
	if product == pb.Product_PRODUCT_JSAPI {
		return "paysign"
	}
	return "sign"
}

func badCall(name, zh, en string, facts ...field) *wrongCall {
	return &wrongCall{kind: kindBadCall, Field: name, Reason: text{zh, en}, Facts: facts}
}

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// clip shortens what a stranger sent before it is shown.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
