package cashier

import (
	"net/http"
	"net/url"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// How a payer comes to an order depends on the product the merchant ordered:
//
//	NATIVE  scans the code_url
//	H5      follows the h5_url, which carries a package
//	JSAPI   the merchant's page hands WeChat a signed invocation
//	APP     the merchant's app hands WeChat a signed invocation
//
// What proves the way is carried through the form and checked again before a
// payment, so that nothing has to be remembered between two requests.

// entryFields are the proofs by product, by the names they are carried under.
var entryFields = map[pb.Product][]string{
	pb.Product_PRODUCT_H5:    {"package", "redirect_url"},
	pb.Product_PRODUCT_JSAPI: {"appid", "timestamp", "noncestr", "signtype", "paysign", "redirect_url"},
	pb.Product_PRODUCT_APP:   {"appid", "partnerid", "timestamp", "noncestr", "sign"},
}

// carriedNames are all names that may be carried.
var carriedNames = []string{"package", "redirect_url", "appid", "partnerid", "timestamp", "noncestr", "signtype", "paysign", "sign"}

// carryOf takes a product's proofs out of a form or an address.
func carryOf(product pb.Product, from url.Values) []field {
	var carry []field
	for _, name := range entryFields[product] {
		if value := from.Get(name); value != "" {
			carry = append(carry, field{name, value})
		}
	}
	return carry
}

// carried is an address with proofs added.
func carried(path string, carry []field) string {
	if len(carry) == 0 {
		return path
	}
	q := url.Values{}
	for _, f := range carry {
		q.Set(f.Name, f.Value)
	}
	return path + "?" + q.Encode()
}

// admit checks that the payer came the way the order's product asks for.
func (c *Cashier) admit(r table.Reader, s *scene, came url.Values) (carry []field, wrong *wrongCall) {
	switch s.order.Product {
	case pb.Product_PRODUCT_NATIVE:
		return nil, nil
	case pb.Product_PRODUCT_H5:
		if !seal.EqualSecret(came.Get("package"), H5Package(s.order, s.prepayID)) {
			return nil, &wrongCall{kind: kindScene, Field: "package"}
		}
	default:
		if came.Get("paysign") == "" && came.Get("sign") == "" {
			return nil, &wrongCall{kind: kindScene}
		}
		if wrong := c.checkInvocation(r, s, came); wrong != nil {
			return nil, wrong
		}
	}
	return carryOf(s.order.Product, came), nil
}

// wrongCall says what is wrong with the way a payer came.
type wrongCall struct {
	kind kind
	// Field is the parameter that is wrong, Reason says how, Facts help to see it.
	Field  string
	Reason text
	Facts  []field
}

func (w *wrongCall) view(s *scene) *view {
	return &view{Kind: w.kind, scene: s, Reason: w.Reason, Facts: w.Facts}
}

// status is the HTTP status of a wrong call.
func (w *wrongCall) status() int {
	switch w.kind {
	case kindUnknown:
		return http.StatusNotFound
	case kindScene:
		return http.StatusForbidden
	default:
		return http.StatusBadRequest
	}
}
