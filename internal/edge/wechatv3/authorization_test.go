package wechatv3

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

const goodAuthorization = seal.Scheme + ` mchid="1900000001",nonce_str="n",timestamp="1700000000",serial_no="5A",signature="c2ln"`

func TestParseAuthorization(t *testing.T) {
	t.Parallel()
	want := Authorization{Mchid: "1900000001", Nonce: "n", Timestamp: "1700000000", At: 1700000000, Serial: "5A", Signature: "c2ln"}
	for _, h := range []string{
		goodAuthorization,
		seal.Scheme + ` signature="c2ln", serial_no="5A",	timestamp="1700000000",nonce_str="n",mchid="1900000001"`,
		seal.Scheme + `  mchid="1900000001" ,nonce_str="n",timestamp="1700000000",serial_no="5A",signature="c2ln" `,
		goodAuthorization + `,version="9"`,
	} {
		if got, err := ParseAuthorization(h); err != nil || got != want {
			t.Errorf("%s: %+v, %v", h, got, err)
		}
	}
}

func TestParseAuthorizationRefuses(t *testing.T) {
	t.Parallel()
	edit := func(old, new string) string { return strings.Replace(goodAuthorization, old, new, 1) }
	for _, c := range []struct {
		header, want string
		is           error
	}{
		{"", "", ErrForeign},
		{"Bearer x", "", ErrForeign},
		{strings.ToLower(goodAuthorization), "", ErrForeign},
		{edit("SHA256-RSA2048", "SM2-WITH-SM3"), "", ErrScheme},
		{seal.Scheme, "values must be written", nil},
		{seal.Scheme + " ", "values must be written", nil},
		{edit(`"1900000001"`, `'1900000001'`), "values must be written", nil},
		{edit(`mchid="1900000001"`, `mchid=1900000001`), "values must be written", nil},
		{edit(`mchid=`, `mchid =`), "values must be written", nil},
		{goodAuthorization + ",", "values must be written", nil},
		{edit(`"1900000001",`, `"1900000001";`), "a comma must follow the value of mchid", nil},
		{strings.TrimSuffix(goodAuthorization, `"`), "signature has no closing quote", nil},
		{edit(`mchid="1900000001",`, ""), "mchid is missing", nil},
		{edit(`,signature="c2ln"`, ""), "signature is missing", nil},
		{edit(`"n"`, `""`), "nonce_str must have 1 to 128 characters", nil},
		{edit(`"n"`, `"`+strings.Repeat("n", 129)+`"`), "nonce_str must have 1 to 128 characters", nil},
		{goodAuthorization + `,mchid="1900000001"`, "mchid is given twice", nil},
		{edit("1700000000", "now"), "timestamp must be Unix seconds", nil},
		{edit("1700000000", "-1"), "timestamp must be Unix seconds", nil},
		{edit("1700000000", "1.7e9"), "timestamp must be Unix seconds", nil},
		{edit("1700000000", "1700000000000"), "timestamp must have 1 to 12 characters", nil},
		{goodAuthorization + strings.Repeat(" ", 5000), "more than 4096 bytes", nil},
	} {
		got, err := ParseAuthorization(c.header)
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.120q: %+v, %v; want %q %v", c.header, got, err, c.want, c.is)
		}
	}
}

// What is accepted can be written again and reads the same.
func FuzzParseAuthorization(f *testing.F) {
	f.Add(goodAuthorization)
	f.Add(seal.Scheme + ` mchid="1",, a="`)
	f.Add("Bearer x")
	f.Fuzz(func(t *testing.T, header string) {
		a, err := ParseAuthorization(header)
		if err != nil {
			return
		}
		again := fmt.Sprintf(`%s signature="%s", serial_no="%s",timestamp="%s",nonce_str="%s",mchid="%s"`,
			seal.Scheme, a.Signature, a.Serial, a.Timestamp, a.Nonce, a.Mchid)
		if b, err := ParseAuthorization(again); err != nil || b != a {
			t.Errorf("%q reads as %+v, written again as %+v, %v", header, a, b, err)
		}
	})
}
