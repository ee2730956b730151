package node

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Who answers what, also what nobody serves; nothing is ever redirected.
func TestFront(t *testing.T) {
	t.Parallel()
	by := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("By", name) })
	}
	for _, sandbox := range []bool{true, false} {
		f := front(apiRoutes("/mch", by("api")))
		developers := "api" // a program gets JSON
		if sandbox {
			f, developers = append(f, developerRoutes(by("sandbox"))...), "sandbox"
		}
		f = append(f, payerRoutes(by("pages"), by("static"))...)
		for _, c := range []struct{ method, target, accept, want string }{
			{"POST", "/v3/pay/transactions/native", "", "api"},
			{"POST", "//v3/pay/transactions/native", "", "api"},
			{"POST", "/v3//pay/transactions/native", "", "api"},
			{"POST", "/V3/pay/transactions/native", "", "api"},
			{"POST", "/x/../v3/pay", "", "api"},
			{"GET", "/v3", "text/html", "api"},
			{"GET", "/mch/v3/certificates", "", "api"},
			{"POST", "/foo", "", "api"},
			{"GET", "/foo", "application/json", "api"},
			{"GET", "/foo", "text/html,*/*", "pages"},
			{"POST", "/pay/unifiedorder", "", "api"},
			{"GET", "/pay/unifiedorder", "text/html", "api"},
			{"POST", "/secapi/pay/refund", "", "api"},
			{"GET", "/pay/wx2026", "", "pages"},
			{"POST", "/pay/wx2026", "", "pages"},
			{"GET", "/pay//wx2026", "text/html", "api"},
			{"GET", "/cashier/static/cashier.css", "", "static"},
			{"GET", "/", "*/*", developers},
			{"GET", "/diagnose", "application/json", developers},
			{"POST", "/sandbox/pay", "", developers},
			{"POST", "/sandbox//pay", "", "api"},
		} {
			r := httptest.NewRequest(c.method, c.target, nil)
			r.Header.Set("Accept", c.accept)
			w := httptest.NewRecorder()
			f.ServeHTTP(w, r)
			if got := w.Header().Get("By"); got != c.want || w.Code != 200 {
				t.Errorf("sandbox %v: %s %s is answered by %q (%d), want %q", sandbox, c.method, c.target, got, w.Code, c.want)
			}
		}
	}
}
