package wechatv3

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// unrouted answers for a path that does not exist (404) and for a method that it
// does not have (405). The live service leaves the body empty; clients go by the
// status, and a developer who reads the body learns what to change.
func (a *API) unrouted(w http.ResponseWriter, q *Request, allow string) {
	if Version2(q.http.URL.Path) {
		a.refuseVersion2(w, q)
		return
	}
	r := &Refusal{Status: http.StatusNotFound, Code: "RESOURCE_NOT_EXISTS", Digits: digitsOther,
		ZH: "没有这个接口，请检查请求路径；这里提供的是 APIv3，路径以 /v3/ 开头。",
		EN: "There is no such API; check the path. APIv3 is served here, under /v3/."}
	switch meant := a.meant(q.http.URL.Path); {
	case allow != "":
		w.Header()["Allow"] = []string{allow}
		r.Status, r.Code = http.StatusMethodNotAllowed, "INVALID_REQUEST"
		r.ZH, r.EN = "请求方法不对，该接口使用 "+allow+"。", "The method is wrong; this API takes "+allow+"."
	case meant != "":
		// Led there, a client would send what it did not sign.
		r.ZH, r.EN = "没有这个接口；是否应为 "+meant+"？签名覆盖路径，请改正后重新签名。", "There is no such API; was it meant to be "+meant+"? The signature covers the path: mend it and sign again."
	}
	a.refuse(w, q, r)
}

// meant is the path that a slash too many, a wrong case or a missing /v3 was meant
// to be; "" when that is none either.
func (a *API) meant(asked string) string {
	plain := path.Clean(asked)
	for _, p := range []string{plain, strings.ToLower(plain), "/v3" + plain} {
		if p == asked || strings.ContainsAny(p, "?#%") {
			continue
		}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if found, _, _ := a.find(method, &url.URL{Path: p}); found != nil {
				return p
			}
		}
	}
	return ""
}

// version2Paths are where version 2 of the API is, each with what lies below it.
var version2Paths = []string{
	"/pay/unifiedorder", "/pay/orderquery", "/pay/closeorder", "/pay/micropay", "/pay/refundquery", "/pay/downloadbill", "/pay/downloadfundflow",
	"/pay/batchqueryorder", "/pay/contractorder", "/pay/profitsharing", "/secapi/", "/payitil/", "/tools/shorturl", "/tools/authcodetoopenid",
	"/mmpaymkttransfers/", "/mmpaysptrans/", "/papay/", "/risk/", "/sandboxnew/", "/xdc/apiv2",
}

// Version2 says whether a path is one of version 2 of the API, which the API
// answers in that version's form, so that who asks can read it.
func Version2(asked string) bool {
	return slices.ContainsFunc(version2Paths, func(p string) bool {
		return asked == p || strings.HasPrefix(asked, strings.TrimSuffix(p, "/")+"/")
	})
}

// refuseVersion2 says in the form of version 2 that it is not served.
func (a *API) refuseVersion2(w http.ResponseWriter, q *Request) {
	const body = "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[" +
		"本平台只提供 APIv3（路径以 /v3/ 开头，JSON，SHA256-RSA 签名），不提供 V2 / Only APIv3 is served here, under /v3/ with JSON and RSA signatures; version 2 is not" +
		"]]></return_msg></xml>\n"
	h := w.Header()
	h[headerRequestID] = []string{q.id + "-" + digitsOther}
	h["Content-Type"] = []string{"text/xml; charset=utf-8"}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte(body)) // the client may be gone
	a.observe(q, http.StatusNotFound, "VERSION_2")
}
