package cashier

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

// attemptCookie keeps the attempt of one code: its path is the code's page.
const attemptCookie = "hf_attempt"

// attemptSize is an attempt's length in bytes.
const attemptSize = 16

// attemptFor returns the attempt this browser has for this code, and mints it
// the first time. The cookie lives as long as a code does, so opening the page
// again, in whatever way, is the same attempt.
func attemptFor(w http.ResponseWriter, r *http.Request, prepayID string) string {
	if c, err := r.Cookie(attemptCookie); err == nil {
		if _, ok := parseAttempt(c.Value); ok {
			return c.Value
		}
	}
	var raw [attemptSize]byte
	_, _ = rand.Read(raw[:]) // never fails
	attempt := base64.RawURLEncoding.EncodeToString(raw[:])
	http.SetCookie(w, &http.Cookie{
		Name: attemptCookie, Value: attempt, Path: payPath(prepayID), MaxAge: 2 * 3600,
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
	})
	return attempt
}

// parseAttempt reads an attempt from a form, a cookie or an address.
func parseAttempt(s string) ([]byte, bool) {
	raw, err := seal.DecodeStrictly(base64.RawURLEncoding, s)
	return raw, err == nil && len(raw) == attemptSize
}

// payPath is the page of a code.
func payPath(prepayID string) string { return "/pay/" + prepayID }
