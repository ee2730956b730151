// Package seal holds the cryptography of the merchant API as pure functions:
// signed messages, authenticated encryption, certificates and keys as text,
// serial numbers, encrypted fields. It keeps no key and draws no randomness: a
// function that needs some takes an io.Reader.
//
//	request     METHOD \n REQUEST-TARGET \n TIMESTAMP \n NONCE \n BODY \n
//	answer      TIMESTAMP \n NONCE \n BODY \n            (callbacks too)
//	invocation  APPID \n TIMESTAMP \n NONCE \n PACKAGE \n
//
// Rule: WeChat Pay APIv3, signature generation, signature verification, and
// encryption of callbacks, certificates and sensitive fields.
package seal

// RequestMessage builds what a merchant signs. target is the path with its
// query exactly as on the request line; timestamp and nonce are the strings of
// the Authorization header; body is the raw body, empty when there is none.
func RequestMessage(method, target, timestamp, nonce string, body []byte) []byte {
	buf := make([]byte, 0, len(method)+len(target)+len(timestamp)+len(nonce)+len(body)+5)
	buf = appendLine(buf, method)
	buf = appendLine(buf, target)
	buf = appendLine(buf, timestamp)
	buf = appendLine(buf, nonce)
	buf = append(buf, body...)
	return append(buf, '\n')
}

// AnswerMessage builds what the platform signs: its answers, also those without
// a body, and its callbacks.
func AnswerMessage(timestamp, nonce string, body []byte) []byte {
	buf := make([]byte, 0, len(timestamp)+len(nonce)+len(body)+3)
	buf = appendLine(buf, timestamp)
	buf = appendLine(buf, nonce)
	buf = append(buf, body...)
	return append(buf, '\n')
}

// InvocationMessage builds what a merchant signs so that a payer's device can
// start a payment. pkg is "prepay_id=wx..." for JSAPI and mini-programs, and
// the bare prepay_id for apps.
func InvocationMessage(appid, timestamp, nonce, pkg string) []byte {
	buf := make([]byte, 0, len(appid)+len(timestamp)+len(nonce)+len(pkg)+4)
	buf = appendLine(buf, appid)
	buf = appendLine(buf, timestamp)
	buf = appendLine(buf, nonce)
	return appendLine(buf, pkg)
}

func appendLine(buf []byte, line string) []byte {
	buf = append(buf, line...)
	return append(buf, '\n')
}
