package staffauth

import "net/http"

// cookie is where a browser keeps a session. __Host- has the browser take it from this
// very host alone, over TLS (or on the machine itself), for all its paths.
const cookie = "__Host-holdfast-staff"

// KeepSession has the browser that called keep a session for so many milliseconds: in a
// cookie that no script can read, and that no page of another site has sent along. A
// tablet that is restarted is still signed in, and nothing that a script can reach
// signs anybody in.
func KeepSession(h http.Header, text string, life int64) { setCookie(h, text, int(life/1000)) }

// DropSession has the browser forget it.
func DropSession(h http.Header) { setCookie(h, "", -1) }

func setCookie(h http.Header, text string, age int) {
	c := http.Cookie{Name: cookie, Value: text, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode}
	h.Add("Set-Cookie", c.String())
}

// sameSite lets through what a page of this host sends, and what no browser sends.
var sameSite = http.NewCrossOriginProtection()

// presented are a call's headers, with what its cookie says where they say nothing
// else. A cookie that another site's page had sent along counts for nothing.
func presented(r *http.Request) http.Header {
	if r.Header.Get("Authorization") != "" {
		return r.Header
	}
	c, err := r.Cookie(cookie)
	if err != nil || sameSite.Check(r) != nil {
		return r.Header
	}
	return http.Header{"Authorization": {"Bearer " + c.Value}}
}
