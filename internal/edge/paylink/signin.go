package paylink

import (
	"encoding/base64"
	"strings"
)

// SignIn is what a tablet scans to open the till page signed in with a member of staff's
// token. The token is behind the #: a browser sends that to nobody, so that it is in no
// log of a server or of a proxy.
func SignIn(base, token string) string { return base + "/till/#" + token }

// signInPage is where a wallet asks whether a screen is to be signed in.
const signInPage = "/signin#"

// SignInCode is what a screen shows, for a wallet to scan and to sign the screen in with:
// the hash of a secret that the screen keeps.
func SignInCode(base string, hash []byte) string {
	return base + signInPage + base64.RawURLEncoding.EncodeToString(hash)
}

// ReadSignInCode reads the hash of such a code, nil of any other.
func ReadSignInCode(code string) []byte {
	_, text, ok := strings.Cut(code, signInPage)
	hash, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if !ok || err != nil {
		return nil
	}
	return hash
}
