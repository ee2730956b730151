package wechatv3

import (
	"net/netip"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/callback"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
)

var whyNotifyHome = &strictjson.Why{ZH: "应为公网可访问的域名", EN: "must be a public host, not this machine or a private network"}

// whyNotify are the faults of callback addresses as the decoder says them.
var whyNotify = map[*callback.Fault]*strictjson.Why{}

func init() {
	for _, f := range callback.Faults() {
		whyNotify[f] = &strictjson.Why{ZH: f.ZH, EN: f.EN}
	}
}

// NotifyURL is the shape of a callback address that holds for every merchant.
func NotifyURL(s string) *strictjson.Why {
	_, fault := callback.Parse(s)
	return whyNotify[fault]
}

// CheckCallback holds a callback address against the merchant's rules. The
// courier holds it against the same rules again when it sends, and against where
// the name leads by then; here the merchant learns of it in time.
func (q *Request) CheckCallback(address string) *Refusal {
	if address == "" {
		return nil
	}
	at, fault := callback.Parse(address)
	if fault != nil {
		return BadField("body", "/notify_url", address, whyNotify[fault])
	}
	settings := q.Merchant.Settings
	switch {
	case !at.HTTPS && !settings.GetAllowHttp():
		return q.refuseCallback(code.CallbackNeedsHTTPS, address)
	case !at.Among(settings.GetCallbackHosts()):
		return q.refuseCallback(code.CallbackHostRefused, address)
	case !q.api.private && atHome(at.Host):
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
