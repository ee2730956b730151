// Package certificates is the merchant API's product that hands out the
// platform's certificates.
package certificates

import (
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
)

// Keys is what the product needs of the keystore; *keystore.Store is one.
type Keys interface {
	// APIv3Key is a merchant's 32-byte key by its id.
	APIv3Key(keyID string) (key []byte, ok bool)
	// PlatformCerts lists the certificates clients should hold, newest first.
	PlatformCerts(now int64) []keystore.PlatformCert
}

// Product lists the one route.
func Product(keys Keys) wechatv3.Product {
	return wechatv3.Product{Routes: []wechatv3.Route{
		{Method: "GET", Path: "/v3/certificates", Name: "certificates", Class: gate.Rest, Handle: lister{keys}.list},
	}}
}

// lister lists what the keystore has.
type lister struct{ keys Keys }
