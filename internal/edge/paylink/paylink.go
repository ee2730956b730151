// Package paylink builds and reads the addresses a merchant gets from a prepay
// and shows to a payer: what the merchant API writes, the cashier and the
// sandbox read.
//
//	native  <base>/pay/<prepay_id>                       a link to our cashier
//	        weixin://wxpay/bizpayurl?pr=<prepay_id>      where the merchant asks for it
//	h5      <base>/h5?prepay_id=<prepay_id>&package=<n>  n: ten digits at most, a checksum
//
// A merchant may append &redirect_url=... to an h5 link.
package paylink

import (
	"crypto/sha256"
	"encoding/binary"
	"net/url"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
)

// The paths under the cashier's base address.
const (
	NativePath = "/pay/"
	H5Path     = "/h5"
)

const weixinPrefix = "weixin://wxpay/bizpayurl?pr="

// Native is the code_url of a prepay: what the QR code says. base is the
// cashier's address without a slash at the end, e.g. https://pay.example.com.
func Native(base, prepayID string) string { return base + NativePath + prepayID }

// Weixin is the code_url in WeChat's own form, for merchants whose software
// insists on it.
func Weixin(prepayID string) string { return weixinPrefix + prepayID }

// H5 is the h5_url of a prepay: where the merchant's page sends the browser.
func H5(base, prepayID string) string {
	return base + H5Path + "?prepay_id=" + prepayID + "&package=" + Package(prepayID)
}

// Package is the number in an h5 link. It tells a link that was typed or cut
// from one we made; it is no secret.
func Package(prepayID string) string {
	sum := sha256.Sum256([]byte("holdfast h5 package\n" + prepayID))
	return strconv.FormatUint(uint64(binary.BigEndian.Uint32(sum[:])), 10)
}

// PrepayID reads the prepay_id out of any link above, or a bare prepay_id. The
// host is not looked at: a cashier may be reached by several names. Only the
// shape is checked; whether it can be paid is the order's to say.
func PrepayID(link string) (string, bool) {
	if _, ok := ident.ParsePrepayID(link); ok {
		return link, true
	}
	if id, ok := strings.CutPrefix(link, weixinPrefix); ok {
		return valid(id)
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", false
	}
	if i := strings.LastIndex(u.Path, NativePath); i >= 0 && u.RawQuery == "" {
		return valid(u.Path[i+len(NativePath):])
	}
	if strings.HasSuffix(u.Path, H5Path) {
		return FromH5(u.Query())
	}
	return "", false
}

// FromH5 reads the prepay_id out of an h5 link's query and checks its package.
func FromH5(query url.Values) (string, bool) {
	id, ok := valid(query.Get("prepay_id"))
	if !ok || query.Get("package") != Package(id) {
		return "", false
	}
	return id, true
}

func valid(id string) (string, bool) {
	if _, ok := ident.ParsePrepayID(id); !ok {
		return "", false
	}
	return id, true
}
