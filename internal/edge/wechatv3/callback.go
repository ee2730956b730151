package wechatv3

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
)

var (
	whyNotifyURL  = &strictjson.Why{ZH: "应为完整的 https 地址，不能带参数", EN: "must be an absolute https address without query or fragment"}
	whyNotifyHome = &strictjson.Why{ZH: "应为公网可访问的域名", EN: "must be a public host, not this machine or a private network"}
	whyNotifyPort = &strictjson.Why{ZH: "端口应为 80、443 或 1024 以上", EN: "the port must be 80, 443, or 1024 and above"}
)

// NotifyURL is the shape of a callback address that holds for every merchant.
func NotifyURL(s string) *strictjson.Why {
	u, err := url.Parse(s)
	bad := err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.Opaque != "" ||
		u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#")
	return When(bad, whyNotifyURL)
}

// CheckCallback holds a callback address against the merchant's rules. The
// courier holds it against the same rules again when it sends, and against where
// the name leads by then; here the merchant learns of it in time.
func (q *Request) CheckCallback(address string) *Refusal {
	u, err := url.Parse(address)
	if address == "" || err != nil {
		return nil // absent; the shape was checked by the schema
	}
	host, settings := bareHost(u.Hostname()), q.Merchant.Settings
	switch {
	case u.Scheme != "https" && !settings.GetAllowHttp():
		return q.refuseCallback(code.CallbackNeedsHTTPS, address)
	case !callbackPort(u.Port()):
		return BadField("body", "/notify_url", address, whyNotifyPort)
	case len(settings.GetCallbackHosts()) > 0 && !slices.ContainsFunc(settings.GetCallbackHosts(), func(h string) bool { return bareHost(h) == host }):
		return q.refuseCallback(code.CallbackHostRefused, address)
	case !q.api.private && atHome(host):
		return BadField("body", "/notify_url", address, whyNotifyHome)
	}
	return nil
}

// refuseCallback refuses a callback address with an outcome that names it.
func (q *Request) refuseCallback(c code.Code, address string) *Refusal {
	r := q.Refuse(c)
	r.Detail.Value = address
	return r
}

// bareHost is a host name as names are compared.
func bareHost(h string) string { return strings.ToLower(strings.TrimSuffix(h, ".")) }

// callbackPort keeps callbacks away from the ports of mail, shells and the like.
func callbackPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && (n == 80 || n == 443 || n >= 1024)
}

// atHome says whether a host is plainly not on the public internet. A name that
// leads to such an address is noticed by the courier.
func atHome(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if host == "" || host[len(host)-1] > '9' && !strings.Contains(host, ":") {
		return false // no IPv4 address ends in a letter: spare most names the parser's error
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	ip = ip.Unmap()
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.IsMulticast()
}
