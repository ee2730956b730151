// Package callback reads the addresses that notices go to, strictly and once: what
// is taken when an order or a refund is placed is what the courier calls later,
// and an address that cannot be called is refused while somebody is there to mend
// it. A general parser of URLs takes much that no client can call.
package callback

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// MaxLength bounds an address in bytes.
const MaxLength = 256

// Address is one that can be called.
type Address struct {
	// URL is the address as it is called.
	URL *url.URL
	// HTTPS is false for plain http, which a merchant may be allowed.
	HTTPS bool
	// Host is the name or IP address in lower case, without port, brackets and a
	// final dot: as names are compared.
	Host string
	// Port is 443 or 80 where none is written.
	Port int
}

// Fault says what is wrong with an address.
type Fault struct{ ZH, EN string }

func (f *Fault) Error() string { return f.EN }

// The faults.
var (
	Form   = &Fault{"应为完整的 https 地址，不能带参数", "must be an absolute https address without query or fragment"}
	Length = &Fault{"不能超过 256 字节", "must have at most 256 bytes"}
	Blank  = &Fault{"不能含有空白或控制字符", "must not hold white space or control characters"}
	User   = &Fault{"不能带用户名或密码", "must not hold a user name or password"}
	Host   = &Fault{"域名不合法：每段 1 到 63 个字母、数字或连字符", "must name a valid host: labels of 1 to 63 letters, digits or hyphens"}
	Port   = &Fault{"端口应为 80、443 或 1024 以上", "the port must be 80, 443, or 1024 and above"}
)

// Faults lists them.
func Faults() []*Fault { return []*Fault{Form, Length, Blank, User, Host, Port} }

// Among says whether the address's host is one of those; an empty list has all.
func (a *Address) Among(hosts []string) bool {
	return len(hosts) == 0 || slices.ContainsFunc(hosts, func(h string) bool { return Bare(h) == a.Host })
}

// Parse reads an address. fault is nil when it is one, and else the first thing
// that is wrong: Length, Blank, Form, User, Port, Host.
func Parse(s string) (a *Address, fault *Fault) {
	switch {
	case len(s) > MaxLength:
		return nil, Length
	case strings.ContainsFunc(s, unseen):
		return nil, Blank
	}
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" || strings.ContainsAny(s, `?#\`) {
		return nil, whyUnread(s)
	}
	a = &Address{URL: u, HTTPS: u.Scheme == "https"}
	switch {
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "":
		return nil, Form
	case u.User != nil:
		return nil, User
	}
	if a.Port, err = portOf(u); err != nil {
		return nil, Port
	}
	if a.Host = Bare(u.Hostname()); !validHost(a.Host) || strings.HasSuffix(u.Hostname(), "..") {
		return nil, Host
	}
	return a, nil
}

// whyUnread tells a host that the parser refuses from the rest.
func whyUnread(s string) *Fault {
	_, rest, ok := strings.Cut(s, "://")
	authority, _, _ := strings.Cut(rest, "/")
	if _, err := url.Parse("https://" + authority); ok && err != nil {
		return Host
	}
	return Form
}

// unseen is what an address must not hold, whatever stands for it in a client.
func unseen(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar
}

// Bare is a host's name as names are compared.
func Bare(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// portOf keeps callbacks away from the ports of mail, shells and the like.
func portOf(u *url.URL) (int, error) {
	text := u.Port()
	if text == "" && !strings.HasSuffix(u.Host, ":") {
		if u.Scheme == "https" {
			return 443, nil
		}
		return 80, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, err
	}
	if text[0] == '0' || n != 80 && n != 443 && n < 1024 {
		return 0, Port
	}
	return int(n), nil
}

// validHost says whether a name may be looked up, or is an IP address.
func validHost(host string) bool {
	if strings.Contains(host, ":") {
		ip, err := netip.ParseAddr(host)
		return err == nil && ip.Zone() == ""
	}
	if host == "" || len(host) > 253 {
		return false
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if digits(last) { // what is no name has to be four numbers, and not 127.1
		ip, err := netip.ParseAddr(host)
		return err == nil && ip.Is4()
	}
	for label := range strings.SplitSeq(host, ".") {
		if !validLabel(label) {
			return false
		}
	}
	return true
}

// validLabel follows RFC 1123, and takes besides it the underscore, which names
// inside of container networks have, and the letters of other scripts, which are
// written as xn-- when the name is looked up.
func validLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, c := range label {
		letter := c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c > unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsMark(c) || unicode.IsDigit(c))
		if !letter && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}
