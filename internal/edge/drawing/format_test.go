package drawing_test

import (
	"bytes"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/edge/drawing"
)

// Each format is what its media type says; others, and papers that there are not, are
// refused.
func TestFormats(t *testing.T) {
	t.Parallel()
	s := &drawing.Sheet{Merchant: "茶铺", Till: "柜台", Number: "till 7", Link: "https://pay.example.com/c/AAAA"}
	for _, c := range []struct{ format, paper, media, begins string }{
		{"pdf", "a6", "application/pdf", "%PDF"}, {"pdf", "a4", "application/pdf", "%PDF"},
		{"svg", "", "image/svg+xml", "<svg"}, {"png", "", "image/png", "\x89PNG"}, {"html", "", "text/html; charset=utf-8", "<!doctype html>"},
		{"pdf", "a5", "", ""}, {"gif", "a6", "", ""},
	} {
		data, media, err := s.Draw(c.format, c.paper)
		if (err == nil) != (c.media != "") || media != c.media || !bytes.HasPrefix(data, []byte(c.begins)) {
			t.Errorf("%s on %q: %q, %.20q, %v", c.format, c.paper, media, data, err)
		}
	}
}
