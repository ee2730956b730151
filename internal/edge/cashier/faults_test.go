package cashier

import (
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// button is who the large button pays as, "" where there is none.
func button(w *httptest.ResponseRecorder) string {
	_, rest, ok := strings.Cut(w.Body.String(), `class="first"`)
	if !ok {
		return ""
	}
	_, rest, _ = strings.Cut(rest, `<span class="has">`)
	name, _, _ := strings.Cut(rest, " ")
	return name
}

// Whoever was refused once does not become the large button, nor does anybody who
// can't pay.
func TestTheLargeButtonIsWhoCanPay(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	hong := d.core.Payer("hong", "小红", 50)
	o := d.core.Order("T-10001", nil)
	w := d.post("/pay/"+o.PrepayId, url.Values{"attempt": {myAttempt}, "payer": {strconv.FormatUint(hong.Uid, 10)}})
	for _, c := range w.Result().Cookies() {
		if c.Name == payerCookie {
			t.Errorf("a payer who was refused is remembered: %s", c)
		}
	}
	r := httptest.NewRequest("GET", "/pay/"+o.PrepayId, nil)
	r.Header.Set("Cookie", payerCookie+"="+strconv.FormatUint(hong.Uid, 10)) // from before
	if got := button(d.do(r)); got != "小明" {
		t.Errorf("the large button pays as %q", got)
	}
	dear := d.core.Order("T-10002", func(c *pb.OrderCreate) { c.Total = 200_000 })
	page := d.get("/pay/" + dear.PrepayId)
	if got := button(page); got != "" || !strings.Contains(page.Body.String(), "balance too low") {
		t.Errorf("nobody can pay, and the large button pays as %q", got)
	}
}

// Every page has the way to the other language, and in a sandbox says that it is one.
func TestEveryPageHasItsLanguageAndItsFooter(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.html")
	if err != nil || len(files) != 2*len(kinds) {
		t.Fatalf("golden pages: %v %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		page := string(text)
		if !strings.Contains(page, `class="switch"`) {
			t.Errorf("%s: no way to the other language", file)
		}
		k := kind(strings.Split(filepath.Base(file), ".")[0])
		if real := k == kindNoWallet || k == kindWallet || k == kindTill || k == kindTillOnly; strings.Contains(page, "<footer>") == real {
			t.Errorf("%s: a footer of a sandbox: %v", file, !real)
		}
		if asks := k == kindPay || k == kindWallet || k == kindTill; (strings.Contains(page, "Pay to") || strings.Contains(page, "付款给")) != asks {
			t.Errorf("%s: asks to pay: %v", file, !asks)
		}
	}
}

// An invocation that is refused can be read in the other language: it is sent again.
func TestTheOtherLanguageOfARefusedCall(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	w := d.post("/cashier/jsapi?lang=zh", url.Values{"package": {"wx123"}, "lang": {"zh"}})
	if kindOf(w) != kindBadCall || !strings.Contains(w.Body.String(), "package 应为") {
		t.Errorf("in Chinese: %s", w.Body)
	}
}

// What a merchant wrote does not turn round what stands behind it, and a long number
// breaks between groups.
func TestForeignTextAndLongNumbers(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	const evil = "\u202etea"
	o := d.core.Order("T-10001", func(c *pb.OrderCreate) { c.Description = evil })
	page := d.tap(o, d.ming.Uid, myAttempt).Body.String()
	if !strings.Contains(page, "<bdi>"+evil+"</bdi>") || strings.Count(page, evil) != 1 {
		t.Errorf("the description is not isolated:\n%s", page)
	}
	if !strings.Contains(page, "4200<wbr>0202") {
		t.Errorf("the transaction's number is in one piece:\n%s", page)
	}
	if got := strings.Join(field{Value: "42000202603010"}.Groups(), "|"); got != "42000202603010" {
		t.Errorf("a short number is cut: %s", got)
	}
}

func TestThePagesIcon(t *testing.T) {
	t.Parallel()
	d := newSite(t, true)
	if a := d.get("/cashier/static/icon.svg"); a.Code != 200 || a.Header().Get("Content-Type") != "image/svg+xml" {
		t.Errorf("%d %v", a.Code, a.Header())
	}
	if a := d.get("/"); a.Code != 200 || kindOf(a) != kindHome || !strings.Contains(a.Body.String(), `rel="icon"`) {
		t.Errorf("the cashier's own address: %d\n%s", a.Code, a.Body)
	}
}

// Whoever has a wallet pays with it, and comes back to the merchant's page; demo payers
// stay in a sandbox.
func TestTheWayToAWallet(t *testing.T) {
	t.Parallel()
	const wallet = "https://w.example.com"
	for _, sandbox := range []bool{true, false} {
		d := newSiteWith(t, sandbox, wallet)
		o := d.core.Order("T-10001", func(c *pb.OrderCreate) { c.Product = pb.Product_PRODUCT_H5 })
		back := "https://shop.example/done?x=1"
		w := d.get("/pay/" + o.PrepayId + "?" + url.Values{"package": {H5Package(o, o.PrepayId)}, "redirect_url": {back}}.Encode())
		page := w.Body.String()
		want := wallet + "/pay/" + o.PrepayId + "?" + url.Values{"back": {back}}.Encode()
		if !strings.Contains(page, `href="`+want+`"`) {
			t.Errorf("sandbox %v: no way to the wallet:\n%s", sandbox, page)
		}
		if strings.Contains(page, `name="payer"`) != sandbox {
			t.Errorf("sandbox %v: demo payers: %v", sandbox, !sandbox)
		}
		if w := d.get("/pay/" + o.PrepayId); kindOf(w) != kindScene {
			t.Errorf("sandbox %v: without the h5_url's package: %s", sandbox, kindOf(w))
		}
	}
}
