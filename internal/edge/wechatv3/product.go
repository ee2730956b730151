package wechatv3

import (
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
)

// Product is one of the merchant API's products, a package of its own below
// this one: its routes, and in what its answers differ from the others'.
type Product struct {
	// Words are the outcomes that read otherwise on this product.
	Words map[code.Code]Word
	// Browsing products want no Accept and User-Agent header, and word a header
	// that cannot be read as a wrong signature, as the live service's pay APIs do.
	Browsing bool
	Routes   []Route
}

// Word is how a product says an outcome that it says otherwise. The sentence is
// the one that all products have.
type Word struct {
	Status int
	Name   string
	// Digits go behind the last dash of Request-ID.
	Digits string
}

// Route is one API.
type Route struct {
	Method string
	// Path begins with a slash; an element in braces matches anything that is not
	// empty, and is a parameter.
	Path string
	// Name labels metrics and logs.
	Name string
	// Class is how much a request matters when not all can be served.
	Class gate.Class
	// Unlimited routes are never refused with FREQUENCY_LIMITED: on them it does
	// not tell a client that nothing was done (wire reference, 2.3).
	Unlimited bool
	// Handle answers a request whose signature was verified; a nil body is 204.
	Handle func(q *Request) (body []byte, refused *Refusal)

	product *Product
	// parts is Path, split at slashes.
	parts []string
}

// routesOf puts the products' routes into one list.
func routesOf(products []Product) []Route {
	var all []Route
	for i := range products {
		for _, r := range products[i].Routes {
			r.product, r.parts = &products[i], strings.Split(r.Path[1:], "/")
			all = append(all, r)
		}
	}
	return all
}

// The numbers behind the last dash of Request-ID that products name themselves;
// codes.go has them all.
const (
	DigitsParam      = digitsParam
	DigitsNoOrder    = digitsNoOrder
	DigitsNoOpenid   = digitsNoOpenid
	DigitsMerchant   = digitsMerchant
	DigitsRestricted = digitsRestricted
	DigitsOther      = digitsOther
)
