package paylink_test

import (
	"bytes"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

func TestTokenIsReadBack(t *testing.T) {
	t.Parallel()
	token := bytes.Repeat([]byte{0xfb, 0x01}, till.TokenSize/2)
	for _, base := range []string{"https://pay.example.com", "http://127.0.0.1:9080", "https://example.com/holdfast", ""} {
		if got, ok := paylink.Token(" " + paylink.Till(base, token) + "\n"); !ok || !bytes.Equal(got, token) {
			t.Errorf("under %q: %x %v", base, got, ok)
		}
	}
	for _, not := range []string{"", "wx20260528202640aaaa", "https://pay.example.com/pay/wx1", "https://x/c/short", "https://x/c/+wH7AfsB-wH7AfsB-wH7AQ", "://"} {
		if _, ok := paylink.Token(not); ok {
			t.Errorf("%q is taken for a till's", not)
		}
	}
}
