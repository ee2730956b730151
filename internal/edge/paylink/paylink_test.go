package paylink_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
)

const base = "https://pay.example.com"

var prepay = ident.PrepayID(17, 1795363199999, stamp.Business, []byte("0123456789abcdef"))

func Example() {
	fmt.Println(paylink.Native(base, prepay))
	fmt.Println(paylink.Weixin(prepay))
	fmt.Println(paylink.H5(base, prepay))
	// Output:
	// https://pay.example.com/pay/wx202611222359596886cac8a97b0e63f2d4
	// weixin://wxpay/bizpayurl?pr=wx202611222359596886cac8a97b0e63f2d4
	// https://pay.example.com/h5?prepay_id=wx202611222359596886cac8a97b0e63f2d4&package=2160629998
}

func TestReads(t *testing.T) {
	t.Parallel()
	for _, link := range []string{
		prepay, paylink.Native(base, prepay), paylink.Weixin(prepay), paylink.H5(base, prepay),
		paylink.H5("http://127.0.0.1:8080/behind/a/proxy", prepay) + "&redirect_url=" + url.QueryEscape("https://shop.example/done?x=/pay/1"),
		paylink.Native("http://127.0.0.1:8080/behind", prepay),
	} {
		if got, ok := paylink.PrepayID(link); !ok || got != prepay {
			t.Errorf("%s reads as %q, %v", link, got, ok)
		}
		if len(link) > 512 {
			t.Errorf("%s has %d characters, the API allows 512", link, len(link))
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for _, link := range []string{
		"", "wx", "https://pay.example.com/", base + "/pay/", base + "/pay/wx1", base + "/pay/" + prepay + "/x",
		"weixin://wxpay/bizpayurl?pr=NwY5Mz9", "weixin://wxpay/bizpayurl?pr=" + prepay + "&x=1",
		base + "/h5?prepay_id=" + prepay, base + "/h5?prepay_id=" + prepay + "&package=1", "javascript:" + paylink.Native(base, prepay),
		base + "/h5?prepay_id=wx1&package=" + paylink.Package("wx1"), "ftp://x/pay/" + prepay, strings.ToUpper(prepay), "http://[::1/pay/" + prepay,
	} {
		if got, ok := paylink.PrepayID(link); ok {
			t.Errorf("%q reads as %q", link, got)
		}
	}
}

func FuzzPrepayID(f *testing.F) {
	f.Add(paylink.Native(base, prepay))
	f.Add(paylink.H5(base, prepay))
	f.Fuzz(func(t *testing.T, link string) {
		if id, ok := paylink.PrepayID(link); ok {
			if again, ok := paylink.PrepayID(paylink.Native(base, id)); !ok || again != id {
				t.Errorf("%q reads as %q, whose link reads as %q", link, id, again)
			}
		}
	})
}
