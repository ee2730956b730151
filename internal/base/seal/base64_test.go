package seal_test

import (
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
}
