package cashier

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// CodeURL is the address behind a NATIVE order's QR code. base is the
// platform's own, e.g. "http://127.0.0.1:9080".
func CodeURL(base, prepayID string) string { return base + payPath(prepayID) }

// H5URL is the address an H5 order's payer is sent to.
func H5URL(base string, o *pb.Order) string {
	q := url.Values{"prepay_id": {o.PrepayId}, "package": {H5Package(o, o.PrepayId)}}
	return base + "/h5?" + q.Encode()
}

// H5Package is the number an h5_url carries beside the prepay_id, as WeChat
// Pay's do: ten digits that only this order and prepay_id have.
func H5Package(o *pb.Order, prepayID string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "holdfast h5 package\n%s\n%x", prepayID, o.Salt))
	return fmt.Sprintf("%010d", binary.BigEndian.Uint64(sum[:8])%10_000_000_000)
}

// serveH5 opens an h5_url: within five minutes, then it is the order's page.
func (c *Cashier) serveH5(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	prepayID := q.Get("prepay_id")
	var refusal *view
	status := http.StatusOK
	err := c.read(r, func(rd table.Reader) error {
		s, ok := c.look(rd, prepayID)
		switch {
		case !ok:
			refusal, status = &view{Kind: kindUnknown}, http.StatusNotFound
		case s.order.Product != pb.Product_PRODUCT_H5:
			refusal, status = &view{Kind: kindScene, scene: s}, http.StatusForbidden
		case s.first() == kindPay && s.now >= s.issued()+H5Life:
			refusal = &view{Kind: kindStale, scene: s, back: readReturn(q)}
		}
		return nil
	})
	switch {
	case err != nil:
		c.unreadable(w, r, err)
	case refusal != nil:
		c.show(w, r, status, refusal)
	default:
		// The cookie of the attempt belongs to the order's page.
		http.Redirect(w, r, carried(payPath(prepayID), carryOf(pb.Product_PRODUCT_H5, q)), http.StatusSeeOther)
	}
}

// returnTo is the merchant's page a payer may go back to.
type returnTo struct{ url, host string }

// maxReturn is the longest redirect_url, in bytes.
const maxReturn = 1024

// readReturn reads redirect_url. It becomes a link that names its host, and
// never a redirect: the address comes from whoever made the link, not from us.
// Anything but an absolute http or https address without credentials is ignored.
func readReturn(q url.Values) *returnTo {
	raw := q.Get("redirect_url")
	if raw == "" || len(raw) > maxReturn {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil {
		return nil
	}
	for _, letter := range u.Host {
		if letter < '!' || letter > '~' { // a name that could be mistaken for another
			return nil
		}
	}
	if port := u.Port(); port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return nil
		}
	}
	return &returnTo{url: u.String(), host: u.Host}
}
