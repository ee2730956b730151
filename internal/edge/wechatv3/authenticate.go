package wechatv3

import (
	"errors"
	"net/http"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
)

// maxSkew is how far a request's timestamp may lie from the server's, seconds.
const maxSkew = 300

// authenticate finds out who asks. The order is that of the live service: the
// header's form, the clock, the merchant, the certificate, the signature.
func (a *API) authenticate(w http.ResponseWriter, q *Request) *Refusal {
	var err error
	if q.auth, err = authorizationOf(q.http.Header); err != nil {
		return unauthorized(q, err)
	}
	if skew := q.Began.Unix() - q.auth.At; skew > maxSkew || skew < -maxSkew {
		return q.skewed()
	}
	if refused := readBody(w, q); refused != nil {
		return refused
	}
	m, cert, refused := a.caller(q)
	switch {
	case refused != nil:
		return refused
	case m == nil:
		return q.signError("签名错误", "The signature is wrong", "signature", "no merchant has this mchid")
	case cert == nil:
		return a.unknownSerial(q, m)
	}
	if refused := a.certState(q, m, cert); refused != nil {
		return refused
	}
	key, err := a.certs.key(cert)
	if err != nil {
		return a.failed(q, err)
	}
	if err := a.verify(key, q); err != nil {
		issue := "sign not match"
		if !errors.Is(err, seal.ErrSignature) {
			issue = err.Error()
		}
		return q.signError("签名错误，请检查后再试", "The signature is wrong; check it and try again", "signature", issue)
	}
	q.Merchant = m
	q.pass.Verified(q.auth.Mchid, q.auth.Serial)
	return nil
}

func authorizationOf(h http.Header) (Authorization, error) {
	switch values := h["Authorization"]; len(values) {
	case 0:
		return Authorization{}, ErrForeign
	case 1:
		return ParseAuthorization(values[0])
	}
	return Authorization{}, errors.New("the header is given twice")
}

// caller reads the merchant and the certificate the header names; nil where
// there is none.
func (a *API) caller(q *Request) (m *pb.Merchant, cert *pb.Cert, refused *Refusal) {
	offset := a.offset.Load()
	refused = q.Read(func(r table.Reader) error {
		if offset == 0 {
			head, ok := machine.Head(r)
			if !ok {
				return errors.New("the state has no head: the platform was never set up")
			}
			offset = int64(head.CutoffOffsetS) + 1
			a.offset.Store(offset)
		}
		if !ident.ValidMchid(q.auth.Mchid) {
			return nil
		}
		var ok bool
		if m, ok = merchant.Get(r, q.auth.Mchid); !ok {
			return nil
		}
		if serial, ok := seal.NormalSerial(q.auth.Serial); ok {
			cert, _ = merchant.GetCert(r, m.Mchid, serial)
		}
		return nil
	})
	q.Offset = int32(offset - 1)
	return m, cert, refused
}

// certState refuses a certificate that must not be used any more, or not yet.
// Certificates are held against the wall clock.
func (a *API) certState(q *Request, m *pb.Merchant, cert *pb.Cert) *Refusal {
	now := q.Began.UnixMilli()
	switch {
	case cert.RevokedAt != 0 && a.hasOther(q, m, cert, now):
		return q.signError("已更换证书，请使用新证书", "The certificate was replaced; use the new one", "serial_no", "the certificate is revoked and another one is valid")
	case cert.RevokedAt != 0:
		return q.signError("商户证书已作废", "The merchant certificate is revoked; upload another one", "serial_no", "the certificate is revoked")
	case now > cert.NotAfter:
		return q.signError("商户证书已过期", "The merchant certificate has expired; use a valid one", "serial_no", "the certificate has expired")
	case now < cert.NotBefore:
		return q.signError("商户证书尚未生效", "The merchant certificate is not valid yet", "serial_no", "the certificate is not valid yet")
	}
	return nil
}

// hasOther says whether the merchant has a certificate that could be used now.
func (a *API) hasOther(q *Request, m *pb.Merchant, not *pb.Cert, now int64) (found bool) {
	q.Read(func(r table.Reader) error {
		for _, c := range merchant.Certs(r, m.Mchid) {
			found = found || c.Serial != not.Serial && usable(c, now)
		}
		return nil
	})
	return found
}

func usable(c *pb.Cert, now int64) bool {
	return c.RevokedAt == 0 && now >= c.NotBefore && now <= c.NotAfter
}

// unknownSerial tells the usual mistakes apart: the serial of the platform's
// certificate in place of the merchant's own, or no certificate at all.
func (a *API) unknownSerial(q *Request, m *pb.Merchant) *Refusal {
	if len(m.Serials) == 0 {
		return q.signError("商户未申请过证书。", "The merchant has no certificate yet; upload one", "serial_no", "the merchant has no certificate")
	}
	issue := "the merchant has no certificate with this serial number; its newest is " + m.Serials[len(m.Serials)-1]
	if _, ok := a.keys.Signer(q.auth.Serial); ok {
		issue = "this is the platform's serial number; use the merchant certificate's: " + m.Serials[len(m.Serials)-1]
	}
	return q.signError("商户证书序列号有误。请使用签名私钥匹配的证书序列号",
		"The merchant certificate's serial number is wrong; use the one that matches the signing key", "serial_no", issue)
}
