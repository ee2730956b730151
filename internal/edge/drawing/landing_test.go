package drawing

import (
	"image"
	"regexp"
	"strings"
	"testing"
)

// A landing page stands alone: it has both languages and the other channels, runs no
// script, asks nobody for anything, and what people wrote is text in it.
func TestLandingStandsAlone(t *testing.T) {
	t.Parallel()
	s := Sheet{Merchant: `茶<铺> & Söhne`, Till: "柜台", Number: "till 1", Link: "https://pay.example.com/c/BwcHBwcHBwcHBwcHBwcHBw",
		Back: []Channel{{Label: "微信", Link: "wxp://f2f0abc"}, {Label: "other", Picture: image.NewGray(image.Rect(0, 0, 8, 8))}}}
	page, err := s.Landing()
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for _, want := range []string{`href="` + s.Link + `"`, "茶&lt;铺&gt; &amp; Söhne", "用钱包付款", "Pay with the wallet", "微信", "data:image/png;base64,", `<path fill="#000" d="M4 4h7`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if found := regexp.MustCompile(`(?i)<script|<link|<form| on\w+=|src="http|url\(`).FindString(text); found != "" {
		t.Errorf("the page has %q", found)
	}
	s.Back = nil
	if page, err = s.Landing(); err != nil || strings.Contains(string(page), "figure>") {
		t.Errorf("without other channels: %v\n%s", err, page)
	}
}
