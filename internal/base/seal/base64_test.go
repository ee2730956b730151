package seal_test

import (
	"encoding/base64"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

// One text stands for given bytes: what Go's decoder passes over is refused.
func TestBase64IsStrict(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"": true, "aGk=": true, "aGk": false, "aGl=": false, "aG\nk=": false, "aGk=\n": false, "aG\r\nk=": false, "aG k=": false, "aGk-": false,
	} {
		if raw, err := seal.DecodeBase64(text); (err == nil) != ok || ok && text != "" && string(raw) != "hi" {
			t.Errorf("%q: %q, %v", text, raw, err)
		}
	}
	if raw, err := seal.DecodeStrictly(base64.RawURLEncoding, "aGk"); err != nil || string(raw) != "hi" {
		t.Errorf("the alphabet of addresses: %q, %v", raw, err)
	}
	if raw, err := seal.DecodeStrictly(base64.RawURLEncoding, "aG\nk"); err == nil {
		t.Errorf("a line break in the alphabet of addresses: %q", raw)
	}
}
