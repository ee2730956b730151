package cashier

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/edgetest"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Two attempts, as base64url of 16 bytes.
const (
	myAttempt    = "AAAAAAAAAAAAAAAAAAAAAQ"
	otherAttempt = "AAAAAAAAAAAAAAAAAAAAAg"
)

// site is a cashier over a core with a merchant and a payer, 小明 with ¥1,000.
type site struct {
	*testing.T
	core *edgetest.Core
	http http.Handler
	lang string
	ming *pb.Person
	// wallet is where wallets are, "" for nowhere.
	wallet string
	// unreadable makes every read fail.
	unreadable bool
}

func newSite(t *testing.T, sandbox bool) *site {
	t.Helper()
	return newSiteWith(t, sandbox, "")
}

// newSiteWith is a site beside wallets at an address.
func newSiteWith(t *testing.T, sandbox bool, wallet string) *site {
	t.Helper()
	d := &site{wallet: wallet, T: t, core: edgetest.New(t, sandbox), lang: "en"}
	d.core.Merchant()
	d.ming = d.core.Payer("ming", "小明", 100_000)
	d.http = New(Config{Core: d, Sandbox: sandbox, Wallet: d.wallet, Now: func() time.Time { return time.UnixMilli(d.core.Now()) }, Receipt: testReceipt}).Handler()
	return d
}

func testReceipt(_ context.Context, o *pb.Order) (*pb.Receipt, error) {
	return &pb.Receipt{LeafIndex: o.PaySeq, Checkpoint: "note"}, nil
}

// Do implements Core.
func (d *site) Do(ctx context.Context, cmd *pb.Command) (catalogue.Result, error) {
	return d.core.Do(ctx, cmd)
}

// ReadLatest implements Core.
func (d *site) ReadLatest(_ context.Context, f func(table.Reader) error) error {
	if d.unreadable {
		return errors.New("disk gone")
	}
	return d.core.Read(f)
}

// get opens an address with the browser's cookie of myAttempt.
func (d *site) get(path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.AddCookie(&http.Cookie{Name: attemptCookie, Value: myAttempt})
	r.Header.Set("Accept-Language", d.lang)
	return d.do(r)
}

// post sends a form from the cashier's own page.
func (d *site) post(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept-Language", d.lang)
	return d.do(r)
}

func (d *site) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	d.http.ServeHTTP(w, r)
	return w
}

// tap pays by form and follows to the result page.
func (d *site) tap(o *pb.Order, uid uint64, attempt string) *httptest.ResponseRecorder {
	d.Helper()
	w := d.post("/pay/"+o.PrepayId, url.Values{"attempt": {attempt}, "payer": {strconv.FormatUint(uid, 10)}})
	if w.Code != http.StatusSeeOther {
		return w
	}
	return d.get(w.Header().Get("Location"))
}

// charged is how much of 小明's ¥1,000 is gone, in fen.
func (d *site) charged() int64 {
	var left int64
	_ = d.core.Read(func(r table.Reader) error {
		left = balance(r, d.ming.Uid, 156)
		return nil
	})
	return 100_000 - left
}

// goldenServer serves the golden pages beside the cashier's own assets.
func goldenServer(cashier http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", cashier)
	mux.Handle("GET /golden/", http.StripPrefix("/golden/", http.FileServer(http.Dir("testdata"))))
	return mux
}
