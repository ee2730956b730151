package merchant

import (
	"bytes"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var certs = table.Of[pb.Cert, *pb.Cert]{ID: table.Certs}

func certKey(mchid, serial string) table.Key {
	return table.K(table.Certs).Str(mchid).Str(Serial(serial))
}

// Serial is the form certificate serials are compared in: upper-case hex
// without leading zeros (some clients drop them, some lower the case).
func Serial(s string) string {
	s = strings.TrimLeft(strings.ToUpper(s), "0")
	if s == "" {
		return "0"
	}
	return s
}

// GetCert reads one API certificate; the serial may be in any client's form.
func GetCert(r table.Reader, mchid, serial string) (*pb.Cert, bool) {
	return certs.Get(r, certKey(mchid, serial))
}

// Certs lists a merchant's API certificates in the order of their serials.
func Certs(r table.Reader, mchid string) []*pb.Cert {
	var list []*pb.Cert
	from, to := table.Prefix(table.K(table.Certs).Str(mchid))
	certs.Scan(r, from, to, func(_ []byte, c *pb.Cert) bool {
		list = append(list, c)
		return true
	})
	return list
}

// ApplyCert adds an API certificate. The edge has parsed it and checked its key.
//
// Refuses, in this order: CertInvalid, MerchantNotFound, CertExists.
func ApplyCert(d *deed.Deed, c *pb.MerchantCert) (code.Code, *pb.Merchant) {
	if c.Serial == "" || len(c.Serial) > 64 || len(c.Der) == 0 || len(c.Der) > 8192 || c.NotAfter <= c.NotBefore {
		return code.CertInvalid, nil
	}
	m, ok := Get(d.Tx, c.Mchid)
	if !ok {
		return code.MerchantNotFound, nil
	}
	if old, ok := GetCert(d.Tx, c.Mchid, c.Serial); ok {
		if bytes.Equal(old.Der, c.Der) {
			return code.OK, m
		}
		return code.CertExists, m
	}
	serial := Serial(c.Serial)
	certs.Put(d.Tx, certKey(c.Mchid, serial), &pb.Cert{
		Mchid: c.Mchid, Serial: serial, Der: c.Der, NotBefore: c.NotBefore, NotAfter: c.NotAfter,
	})
	m.Serials = append(m.Serials, serial)
	put(d, m)
	return code.OK, m
}

// ApplyCertRevoke ends a certificate's use; revoking it again changes nothing.
//
// Refuses, in this order: MerchantNotFound, CertNotFound.
func ApplyCertRevoke(d *deed.Deed, c *pb.MerchantCertRevoke) (code.Code, *pb.Merchant) {
	m, ok := Get(d.Tx, c.Mchid)
	if !ok {
		return code.MerchantNotFound, nil
	}
	cert, ok := GetCert(d.Tx, c.Mchid, c.Serial)
	if !ok {
		return code.CertNotFound, m
	}
	if cert.RevokedAt != 0 {
		return code.OK, m
	}
	cert.RevokedAt = d.At
	certs.Put(d.Tx, certKey(c.Mchid, c.Serial), cert)
	d.Record("merchant/"+m.Mchid, m.Mchid, nil)
	return code.OK, m
}
