package node

import "net/http"

// route is what a part serves on a listener of others: the part declares it, and the
// listener, which is opened later, gathers what was declared for it.
type route struct {
	// door is the listener's name, one of shares.
	door string
	// pattern is http.ServeMux's, on listeners that are spread by one.
	pattern string
	// mine says, on the merchant API's address, whether the part serves a request;
	// routes are asked in the order in which their parts started.
	mine    func(*http.Request) bool
	handler http.Handler
}

// routes are those of the parts that have been started, for one listener.
func (n *shared) routes(door string) (list []route) {
	for _, p := range n.started {
		for _, r := range p.Routes() {
			if r.door == door {
				list = append(list, r)
			}
		}
	}
	return list
}

// spread serves routes by their patterns.
func spread(routes []route) http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.Handle(r.pattern, r.handler)
	}
	return mux
}
