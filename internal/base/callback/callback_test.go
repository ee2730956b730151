package callback

import (
	"net/http"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 63)
	for s, want := range map[string]struct {
		host string
		port int
	}{
		"https://shop.example/notify":                      {"shop.example", 443},
		"http://127.0.0.1:8000/notify":                     {"127.0.0.1", 8000},
		"https://SHOP.example./notify":                     {"shop.example", 443},
		"https://shop.example":                             {"shop.example", 443},
		"http://shop.example/a%20b":                        {"shop.example", 80},
		"https://xn--fiqs8s.example/":                      {"xn--fiqs8s.example", 443},
		"https://shop.example/通知":                          {"shop.example", 443},
		"https://商店.example/":                              {"商店.example", 443},
		"http://pay_shop:8080/notify":                      {"pay_shop", 8080},
		"http://[2001:db8::1]:8080/":                       {"2001:db8::1", 8080},
		"https://" + long + "." + long + ".example/":       {long + "." + long + ".example", 443},
		"https://shop.example/" + strings.Repeat("b", 235): {"shop.example", 443},
	} {
		a, fault := Parse(s)
		if fault != nil || a.Host != want.host || a.Port != want.port || a.HTTPS != strings.HasPrefix(s, "https") {
			t.Errorf("%s: %+v %v", s, a, fault)
		}
	}
	for s, want := range map[string]*Fault{
		"":                                                 Form,
		"shop.example/notify":                              Form,
		"/notify":                                          Form,
		"ftp://shop.example/":                              Form,
		"https:shop.example":                               Form,
		"https:///notify":                                  Form,
		"https://shop.example/?a=b":                        Form,
		"https://shop.example/?":                           Form,
		"https://shop.example/#a":                          Form,
		`https://shop.example\@evil.org/`:                  Host,
		`https://shop.example/\a`:                          Form,
		"https://shop.example/%zz":                         Form,
		"https://shop.example/notify ":                     Blank,
		" https://shop.example/notify":                     Blank,
		"https://shop.example/no\ttify":                    Blank,
		"https://shop.example/notify\n":                    Blank,
		"https://shop.example/a\u00a0b":                    Blank,
		"https://shop.example/a\u3000b":                    Blank,
		"https://shop.example/a\u200bb":                    Blank,
		"https://shop.example/a\x00b":                      Blank,
		"https://shop.example/a\xffb":                      Blank,
		"https://me@shop.example/":                         User,
		"https://me:secret@shop.example/":                  User,
		"https://shop..example/notify":                     Host,
		"https://.shop.example/":                           Host,
		"https://shop.example../":                          Host,
		"https://-shop.example/":                           Host,
		"https://shop-.example/":                           Host,
		"https://shop.example%2f.org/":                     Host,
		"https://shop*.example/":                           Host,
		"https://127.1/":                                   Host,
		"https://1.2.3.4.5/":                               Host,
		"https://256.1.1.1/":                               Host,
		"https://[fe80::1%25eth0]/":                        Host,
		"https://[::1/":                                    Host,
		"https://" + long + "a.example/":                   Host,
		"https://shop.example:/":                           Port,
		"https://shop.example:0443/":                       Port,
		"https://shop.example:22/":                         Port,
		"https://shop.example:70000/":                      Port,
		"https://shop.example/" + strings.Repeat("b", 236): Length,
	} {
		if _, fault := Parse(s); fault != want {
			t.Errorf("%q: %v, want %v", s, fault, want)
		}
	}
}

// What is taken can be called.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"https://shop.example/notify", "http://[::1]:8000/", "https://a..b/", "https://a/ ", "https://a:b@c/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, fault := Parse(s)
		if (a == nil) == (fault == nil) {
			t.Fatalf("%q: %v and %v", s, a, fault)
		}
		if fault != nil {
			return
		}
		r, err := http.NewRequest(http.MethodPost, s, nil)
		if err != nil || r.URL.User != nil || r.URL.RawQuery != "" || r.URL.Fragment != "" || a.Port < 1 || a.Host == "" {
			t.Errorf("%q: %+v %v", s, a, err)
		}
		if again, fault := Parse(a.URL.String()); len(a.URL.String()) <= MaxLength && (fault != nil || again.Host != a.Host || again.Port != a.Port) {
			t.Errorf("%q is written %q: %v", s, a.URL, fault)
		}
	})
}
