package seal

import (
	"encoding/base64"
	"errors"
	"strings"
)

var errBase64 = errors.New("it is not base64 of the kind that is wanted")

// DecodeBase64 decodes standard base64 (RFC 4648, section 4) and nothing else: see
// DecodeStrictly.
func DecodeBase64(s string) ([]byte, error) { return DecodeStrictly(base64.StdEncoding, s) }

// DecodeStrictly decodes a text of an encoding so that one text stands for given
// bytes: no line breaks, which Go's decoder passes over even when it is strict (RFC
// 4648, 3.3), and no trailing bits that are not zero.
func DecodeStrictly(encoding *base64.Encoding, s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errBase64
	}
	raw, err := encoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errBase64
	}
	return raw, nil
}
