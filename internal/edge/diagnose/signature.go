package diagnose

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
)

// signature reads base64 the way a strict reader does, undoing one corruption
// after the other and naming each. It returns nil for what is no signature.
func (x *examination) signature(text, field string, size int) []byte {
	if text == "" {
		return nil
	}
	text = x.unquote(text, field)
	if raw, err := hex.DecodeString(text); err == nil && len(raw) == size {
		x.wrong("signature_hex", field, -1, "签名是十六进制；应为标准 base64。", "The signature is in hexadecimal; it has to be standard base64.")
		return raw
	}
	text = x.urlAlphabet(text, field)
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		raw, err = x.padded(text, field)
	}
	switch {
	case err != nil:
		at := badByte(text)
		x.wrong("signature_base64", field, at, fmt.Sprintf("签名在第 %d 字节处不是标准 base64。", at), fmt.Sprintf("The signature is not standard base64 at byte %d.", at))
		return nil
	case len(raw) < size:
		x.wrong("signature_truncated", field, len(text),
			fmt.Sprintf("签名被截断：解码后只有 %d 字节，应为 %d 字节（base64 %d 个字符）。", len(raw), size, base64.StdEncoding.EncodedLen(size)),
			fmt.Sprintf("The signature is cut off: it decodes to %d bytes of %d (%d characters of base64).", len(raw), size, base64.StdEncoding.EncodedLen(size)))
		return nil
	case len(raw) > size:
		return x.tooLong(raw, field, size)
	}
	return raw
}

// tooLong: base64 of base64 decodes to the inner one.
func (x *examination) tooLong(raw []byte, field string, size int) []byte {
	if inner, err := base64.StdEncoding.DecodeString(string(raw)); err == nil && len(inner) == size {
		x.wrong("signature_base64_twice", field, -1, "签名被 base64 编码了两次。", "The signature was encoded in base64 twice.")
		return inner
	}
	x.wrong("signature_length", field, -1,
		fmt.Sprintf("签名解码后有 %d 字节，应为 %d 字节：所用的密钥不是 RSA-2048。", len(raw), size),
		fmt.Sprintf("The signature decodes to %d bytes and not %d: the key is not RSA-2048.", len(raw), size))
	return nil
}

// unquote undoes what URLs, forms and line-wrapping do to base64.
func (x *examination) unquote(text, field string) string {
	if strings.Contains(text, "%") {
		if plain, err := url.PathUnescape(text); err == nil {
			x.wrong("signature_escaped", field, strings.Index(text, "%"), "签名被 URL 编码过（含 %2B、%3D 等）；应原样放入请求头。", "The signature was URL-encoded (%2B, %3D ...); it goes into the header as it is.")
			text = plain
		}
	}
	if at := strings.IndexAny(text, "\r\n\t"); at >= 0 {
		x.wrong("signature_wrapped", field, at, fmt.Sprintf("签名在第 %d 字节处折行；base64 须为一行。", at), fmt.Sprintf("The signature is wrapped at byte %d; base64 has to be one line.", at))
		text = strings.NewReplacer("\r", "", "\n", "", "\t", "").Replace(text)
	}
	if at := strings.Index(text, " "); at >= 0 {
		x.wrong("signature_blank", field, at, fmt.Sprintf("签名在第 %d 字节处有空格：加号被当作表单解码成了空格。", at), fmt.Sprintf("The signature has a blank at byte %d: a plus sign was decoded as in a form.", at))
		text = strings.ReplaceAll(text, " ", "+")
	}
	return text
}

func (x *examination) urlAlphabet(text, field string) string {
	at := strings.IndexAny(text, "-_")
	if at < 0 {
		return text
	}
	x.wrong("signature_base64url", field, at,
		fmt.Sprintf("签名在第 %d 字节处用了 base64url 字母表（- 与 _）；应为标准字母表（+ 与 /）。", at),
		fmt.Sprintf("The signature uses the URL alphabet of base64 (- and _) at byte %d; it has to be the standard one (+ and /).", at))
	return strings.NewReplacer("-", "+", "_", "/").Replace(text)
}

func (x *examination) padded(text, field string) ([]byte, error) {
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err == nil {
		x.wrong("signature_padding", field, len(text), "签名末尾缺少 base64 的填充等号。", "The signature lacks base64's padding at its end.")
	}
	return raw, err
}

// badByte is where base64 ends.
func badByte(text string) int {
	for i, c := range []byte(text) {
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/', c == '=':
		default:
			return i
		}
	}
	return len(text)
}
