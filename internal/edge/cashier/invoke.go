package cashier

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// serveJSAPI takes what a merchant's page hands to WeixinJSBridge
// (getBrandWCPayRequest) or wx.requestPayment: appId, timeStamp, nonceStr,
// package, signType, paySign.
func (c *Cashier) serveJSAPI(w http.ResponseWriter, r *http.Request) {
	c.invoke(w, r, pb.Product_PRODUCT_JSAPI, func(call url.Values) (string, *wrongCall) {
		prepayID, ok := strings.CutPrefix(call.Get("package"), "prepay_id=")
		if !ok {
			return "", badCall("package", "package 应为 prepay_id=…。", "package must be prepay_id=….", field{"package", clip(call.Get("package"))})
		}
		return prepayID, nil
	})
}

// serveApp takes what a merchant's app hands to the WeChat SDK's PayReq: appid,
// partnerid, prepayid, package, noncestr, timestamp, sign.
func (c *Cashier) serveApp(w http.ResponseWriter, r *http.Request) {
	c.invoke(w, r, pb.Product_PRODUCT_APP, func(call url.Values) (string, *wrongCall) {
		if p := call.Get("package"); p != "Sign=WXPay" {
			return "", badCall("package", "package 应为 Sign=WXPay。", "package must be Sign=WXPay.", field{"package", clip(p)})
		}
		if call.Get("prepayid") == "" {
			return "", badCall("prepayid", "缺少 prepayid。", "prepayid is missing.")
		}
		return call.Get("prepayid"), nil
	})
}

// invoke checks an invocation and opens the order's page, or says exactly what
// is wrong with it.
func (c *Cashier) invoke(w http.ResponseWriter, r *http.Request, product pb.Product, prepayOf func(url.Values) (string, *wrongCall)) {
	call, err := readCall(w, r)
	if err != nil {
		c.refuseCall(w, r, nil, badCall("body", "请求内容无法解析。", "The body cannot be read: "+err.Error()+"."))
		return
	}
	prepayID, wrong := prepayOf(call)
	if wrong != nil {
		c.refuseCall(w, r, nil, wrong)
		return
	}
	var s *scene
	var carry []field
	err = c.read(r, func(rd table.Reader) error {
		var ok bool
		if s, ok = c.look(rd, prepayID); !ok {
			wrong = &wrongCall{kind: kindUnknown, Field: "prepay_id"}
			return nil
		}
		if s.order.Product != product {
			wrong = &wrongCall{kind: kindScene, Field: "prepay_id"}
			return nil
		}
		carry, wrong = c.admit(rd, s, call)
		return nil
	})
	switch {
	case err != nil:
		c.unreadable(w, r, err)
	case wrong != nil:
		c.refuseCall(w, r, s, wrong)
	case wantsJSON(r):
		writeJSON(w, http.StatusOK, map[string]string{"prepay_id": prepayID, "pay_url": carried(payPath(prepayID), carry)})
	default:
		http.Redirect(w, r, carried(payPath(prepayID), carry), http.StatusSeeOther)
	}
}

// readCall reads an invocation from a form or from JSON, names in lower case:
// the products and the SDKs' helpers spell them differently.
func readCall(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // "" for what is no type
	call := url.Values{}
	if kind != "application/json" {
		if err := r.ParseForm(); err != nil {
			return nil, errors.New("it is no form")
		}
		for name, values := range r.PostForm {
			call[strings.ToLower(name)] = values
		}
		return call, nil
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, errors.New("it is too long or broke off")
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, errors.New("it is no JSON object")
	}
	for name, value := range fields {
		s, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("%q is no string; all parameters are strings, timeStamp too", clip(name))
		}
		call.Set(strings.ToLower(name), s)
	}
	return call, nil
}

// refuseCall says what is wrong, as a page or as the API's error envelope.
func (c *Cashier) refuseCall(w http.ResponseWriter, r *http.Request, s *scene, wrong *wrongCall) {
	v := wrong.view(s)
	if !wantsJSON(r) {
		c.show(w, r, wrong.status(), v)
		return
	}
	said := languages[language(r)]
	p := v.page(said, r)
	facts := map[string]string{}
	for _, f := range wrong.Facts {
		facts[f.Name] = f.Value
	}
	writeJSON(w, wrong.status(), map[string]any{
		"code": callCodes[wrong.kind], "message": p.Title + ": " + p.Text,
		"detail": map[string]any{"field": wrong.Field, "location": "body", "sign_information": facts},
	})
}

// callCodes are the API's words for a wrong invocation.
var callCodes = map[kind]string{
	kindUnknown: "ORDER_NOT_EXIST", kindScene: "INVALID_REQUEST", kindBadCall: "PARAM_ERROR",
}

func wantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Accept"), "application/json")
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) // the client may be gone
}
