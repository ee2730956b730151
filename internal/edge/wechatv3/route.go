package wechatv3

import (
	"net/url"
	"strings"
)

// find matches the path. Elements are compared unescaped, so %7C equals |, and
// an escaped slash stays inside its element. Where the path exists under other
// methods only, allow names one.
func (a *API) find(method string, u *url.URL) (found *Route, params []string, allow string) {
	path := u.EscapedPath()
	if a.prefix != "" {
		path = strings.TrimPrefix(path, a.prefix)
	}
	if path == "" || path[0] != '/' {
		return nil, nil, ""
	}
	var room [8]string // of all that is routed: no memory is asked for
	parts := room[:0]
	for part := range strings.SplitSeq(path[1:], "/") {
		parts = append(parts, part)
	}
	for i := range a.routes {
		r := &a.routes[i]
		if len(parts) != len(r.parts) {
			continue
		}
		params, ok := r.match(parts)
		if !ok {
			continue
		}
		if r.Method == method {
			return r, params, ""
		}
		allow = r.Method
	}
	return nil, nil, allow
}

func (r *Route) match(parts []string) (params []string, ok bool) {
	for i, want := range r.parts {
		if want[0] != '{' && parts[i] == want {
			continue
		}
		part, err := url.PathUnescape(parts[i])
		if err != nil || part == "" || want[0] != '{' && part != want {
			return nil, false
		}
		if want[0] == '{' {
			params = append(params, part)
		}
	}
	return params, true
}
