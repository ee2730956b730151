package ident_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
)

// checks pairs each validator with its sentence in the wire reference, written
// as a regular expression: a second opinion.
var checks = []struct {
	name    string
	valid   func(string) bool
	pattern *regexp.Regexp
	good    []string
	bad     []string
}{
	{"mchid", ident.ValidMchid, regexp.MustCompile(`\A[0-9]{8,10}\z`),
		[]string{"12345678", "1900000001"}, []string{"", "1234567", "12345678901", "1900000O01", "１９０００００００１", "1900000001\n"}},
	{"appid", ident.ValidAppid, regexp.MustCompile(`\Awx[0-9a-f]{16}\z`),
		[]string{"wx2421b1c4370ec43b"}, []string{"", "wx", "wx2421b1c4370ec43", "wx2421b1c4370ec43g", "WX2421b1c4370ec43b", "wx2421B1c4370ec43b"}},
	{"openid", ident.ValidOpenid, regexp.MustCompile(`\Ao[0-9A-Za-z_-]{27}\z`),
		[]string{"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}, []string{"", "o", "xUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "oUpF8uMuAJO|M2pxb1Q9zNjWeS6o"}},
	{"out_trade_no", ident.ValidOutTradeNo, regexp.MustCompile(`\A[0-9A-Za-z_\-|*]{6,32}\z`),
		[]string{"T-1_|*", strings.Repeat("a", 32)}, []string{"", "T-123", strings.Repeat("a", 33), "order@1", "order 1", "订单一二"}},
	{"out_refund_no", ident.ValidOutRefundNo, regexp.MustCompile(`\A[0-9A-Za-z_\-|*@]{1,64}\z`),
		[]string{"R", "R@1", strings.Repeat("a", 64)}, []string{"", strings.Repeat("a", 65), "r/1", "r\x00"}},
	{"apiv3 key", ident.ValidAPIv3Key, regexp.MustCompile(`\A[0-9A-Za-z]{32}\z`),
		[]string{"0123456789abcdef0123456789ABCDEF"}, []string{"", "0123456789abcdef0123456789ABCDE-", "0123"}},
}

func TestValid(t *testing.T) {
	t.Parallel()
	for _, c := range checks {
		for _, s := range c.good {
			if !c.valid(s) {
				t.Errorf("%s: %q was refused", c.name, s)
			}
		}
		for _, s := range c.bad {
			if c.valid(s) {
				t.Errorf("%s: %q was accepted", c.name, s)
			}
		}
	}
}

func FuzzValid(f *testing.F) {
	for _, c := range checks {
		for _, s := range append(c.good, c.bad...) {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, c := range checks {
			if got, want := c.valid(s), c.pattern.MatchString(s); got != want {
				t.Errorf("%s: %q is %v, the pattern says %v", c.name, s, got, want)
			}
		}
	})
}

func FuzzParseIDs(f *testing.F) {
	f.Add("4200020261122000000000000017")
	f.Add("50300020261122000000000000017")
	f.Add(ident.PrepayID(17, lateEvening, beijing, make([]byte, 16)))
	f.Fuzz(func(t *testing.T, s string) {
		if id, ok := ident.ParseTransactionID(s); ok && (len(s) != 28 || id == 0 || id > ident.MaxCounter) {
			t.Errorf("transaction_id %q was read as %d", s, id)
		}
		if id, ok := ident.ParseRefundID(s); ok && (len(s) != 29 || id == 0 || id > ident.MaxCounter) {
			t.Errorf("refund_id %q was read as %d", s, id)
		}
		if id, ok := ident.ParsePrepayID(s); ok && (len(s) != 36 || id == 0 || id > ident.MaxCounter) {
			t.Errorf("prepay_id %q was read as %d", s, id)
		}
	})
}

func BenchmarkPrepayID(b *testing.B) {
	seed := make([]byte, 16)
	b.ReportAllocs()
	for b.Loop() {
		ident.PrepayID(17, lateEvening, beijing, seed)
	}
}

func BenchmarkTransactionID(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ident.TransactionID(17, lateEvening, beijing)
	}
}
