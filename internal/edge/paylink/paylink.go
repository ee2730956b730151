// Package paylink makes and reads what the codes say that stay the same: the links of
// printed codes and NFC tags, those by which people are paid, and by which tablets sign in.
package paylink

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

const tillPath = "/c/"

// Till is what the printed code of the till with this token says, and an NFC tag that
// stands beside it. base is the platform's own address, e.g. "https://pay.example.com".
func Till(base string, token []byte) string {
	return base + tillPath + base64.RawURLEncoding.EncodeToString(token)
}

// Token reads a till's token out of what was scanned, under whatever address it was
// printed: addresses change, codes on walls don't.
func Token(scanned string) (token []byte, ok bool) {
	u, err := url.Parse(strings.TrimSpace(scanned))
	if err != nil {
		return nil, false
	}
	i := strings.LastIndex(u.Path, tillPath)
	if i < 0 {
		return nil, false
	}
	token, err = base64.RawURLEncoding.Strict().DecodeString(u.Path[i+len(tillPath):])
	return token, err == nil && len(token) == till.TokenSize
}
