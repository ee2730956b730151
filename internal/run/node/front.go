package node

import (
	"net/http"
	"path"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
)

// front serves the routes of the merchant API's address. It is written out instead of
// using http.ServeMux, whose redirects and texts would be part of the API's contract:
// a client that is led from //v3/... to /v3/... sends what it did not sign. The parts
// that serve them start in the order in which they are asked:
//
//	/v3, and whatever looks like the API     the API: JSON, also where nothing is served
//	paths of version 2                       the API: it says that only APIv3 is served
//	/, /diagnose, /developer/, /sandbox/     a sandbox's developers
//	/pay/, /c/, /h5, /cashier/               payers' browsers
//	anything else                            a page for a browser, JSON for a program
type front []route

// ServeHTTP implements http.Handler.
func (f front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var rest http.Handler
	for _, q := range f {
		if q.mine == nil {
			rest = q.handler
		} else if q.mine(r) {
			q.handler.ServeHTTP(w, r)
			return
		}
	}
	rest.ServeHTTP(w, r)
}

// isAPI says whether a path is the API's, or is plainly meant to be. prefix is a path
// that it is served under besides its own, "" for none.
func isAPI(prefix, p string) bool {
	lower := strings.ToLower(p)
	return strings.Contains(lower+"/", "/v3/") || prefix != "" && p == prefix || wechatv3.Version2(path.Clean(p))
}

func isForDevelopers(r *http.Request) bool { return forDevelopers(r.URL.Path) && clean(r.URL.Path) }

func isStatic(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/cashier/static/") && clean(r.URL.Path)
}

func isForPayers(r *http.Request) bool {
	return (forPayers(r.URL.Path) || wantsPage(r)) && clean(r.URL.Path)
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
