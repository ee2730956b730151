package node

import (
	"net/http"
	"path"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
)

// front routes the merchant API's address. It is written out instead of using
// http.ServeMux, whose redirects and texts would be part of the API's contract:
// a client that is led from //v3/... to /v3/... sends what it did not sign.
//
//	/v3, and whatever looks like the API     the API: JSON, also where nothing is served
//	paths of version 2                       the API: it says that only APIv3 is served
//	/, /diagnose, /developer/, /sandbox/     a sandbox's developers
//	/pay/, /c/, /h5, /cashier/               payers' browsers
//	anything else                            a page for a browser, JSON for a program
type front struct {
	// prefix is a path that the API is served under besides its own, "" for none.
	prefix                      string
	api, sandbox, pages, static http.Handler
}

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch p := r.URL.Path; {
	case f.isAPI(p):
		f.api.ServeHTTP(w, r)
	case f.sandbox != nil && forDevelopers(p) && clean(p):
		f.sandbox.ServeHTTP(w, r)
	case strings.HasPrefix(p, "/cashier/static/") && clean(p):
		f.static.ServeHTTP(w, r)
	case (forPayers(p) || wantsPage(r)) && clean(p):
		f.pages.ServeHTTP(w, r)
	default:
		f.api.ServeHTTP(w, r)
	}
}

// isAPI says whether a path is the API's, or is plainly meant to be.
func (f *front) isAPI(p string) bool {
	lower := strings.ToLower(p)
	return strings.Contains(lower+"/", "/v3/") || f.prefix != "" && p == f.prefix || wechatv3.Version2(path.Clean(p))
}

func forDevelopers(p string) bool {
	return p == "/" || p == "/diagnose" || strings.HasPrefix(p, "/developer/") || strings.HasPrefix(p, "/sandbox/")
}

func forPayers(p string) bool {
	return strings.HasPrefix(p, "/pay/") || strings.HasPrefix(p, "/c/") || p == "/h5" || strings.HasPrefix(p, "/cashier/")
}

// clean says that a path is not one that the pages' own routers would redirect.
func clean(p string) bool {
	return p == "/" || strings.TrimSuffix(p, "/") == path.Clean(p)
}

// wantsPage says whether a browser asks.
func wantsPage(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}
