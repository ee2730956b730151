package seal

import (
	"encoding/base64"
	"errors"
	"strings"
)

var errBase64 = errors.New("it is not standard base64")

// DecodeBase64 decodes standard base64 (RFC 4648, section 4) and nothing else: no
// line breaks, which Go's decoder passes over even when it is strict (RFC 4648,
// 3.3), and no trailing bits that are not zero. So one text stands for given bytes.
func DecodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errBase64
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errBase64
	}
	return raw, nil
}
