package courier

import (
	"bytes"
	"errors"
	"flag"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var rewrite = flag.Bool("rewrite", false, "write testdata anew")

func sample() *pb.OwedNotice {
	return &pb.OwedNotice{
		Notice: &pb.DueNotice{Id: 17, Mchid: "1900000001", Url: "https://shop.example/notify"}, EventId: "5d5a3ad8-6a35-5b9f-a0d7-3c1f2a4e9b10",
		EventType: "TRANSACTION.SUCCESS", ResourceType: "encrypt-resource", OriginalType: "transaction", AssociatedData: "transaction",
		Summary: "支付成功", Plaintext: []byte(`{"mchid":"1900000001","out_trade_no":"T1"}`), CreateTime: "2026-03-01T12:00:00+08:00",
	}
}

// A body is the same whichever version sends it: a notice may be tried first by
// one and again by the next.
func TestBodyGolden(t *testing.T) {
	t.Parallel()
	got, err := envelope(sample(), []byte(testKey))
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/body.json"
	if *rewrite {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the body of a notice changed:\n%s\nwas\n%s", got, want)
	}
	if plain := open(t, string(got)); plain != string(sample().Plaintext) {
		t.Errorf("opens to %s", plain)
	}
}

// Two notices, or two plaintexts of one, never share a nonce.
func TestNoncesDiffer(t *testing.T) {
	t.Parallel()
	nonce := regexp.MustCompile(`"nonce":"([^"]{12})"`)
	var seen []string
	for _, change := range []func(*pb.OwedNotice){
		func(*pb.OwedNotice) {}, func(n *pb.OwedNotice) { n.Notice.Id = 18 }, func(n *pb.OwedNotice) { n.Plaintext = []byte(`{}`) },
	} {
		n := sample()
		change(n)
		body, err := envelope(n, []byte(testKey))
		if err != nil {
			t.Fatal(err)
		}
		m := nonce.FindSubmatch(body)
		if m == nil || slices.Contains(seen, string(m[1])) {
			t.Errorf("nonce of %s is missing or used before", body)
			continue
		}
		seen = append(seen, string(m[1]))
	}
}

// A letter's signature holds for exactly what is sent, under the key that its
// serial names.
func TestLetterIsSigned(t *testing.T) {
	t.Parallel()
	key := fakeKey(t)
	for _, publicKey := range []bool{false, true} {
		n := sample()
		n.Apiv3KeyId, n.SignWithPublicKey = key, publicKey
		l, err := (&sealer{keys()}).write(n)
		if err != nil {
			t.Fatal(err)
		}
		signer, ok := keys().Signer(l.serial)
		if !ok || strings.HasPrefix(l.serial, "PUB_KEY_ID_") != publicKey || one(l.header, "Wechatpay-Serial") != l.serial {
			t.Fatalf("signed by %q, header %q", l.serial, one(l.header, "Wechatpay-Serial"))
		}
		message := seal.AnswerMessage(one(l.header, "Wechatpay-Timestamp"), one(l.header, "Wechatpay-Nonce"), l.body)
		if err := seal.Verify(signer.PublicKey(), message, one(l.header, "Wechatpay-Signature")); err != nil {
			t.Error(err)
		}
		if !regexp.MustCompile(`^[0-9A-Za-z]{32}$`).MatchString(one(l.header, "Wechatpay-Nonce")) {
			t.Errorf("nonce %q", one(l.header, "Wechatpay-Nonce"))
		}
	}
}

// one reads a header as it is written, not as Go would write it.
func one(h http.Header, name string) string {
	if v := h[name]; len(v) == 1 {
		return v[0]
	}
	return ""
}

func TestLetterRefusals(t *testing.T) {
	t.Parallel()
	p := &sealer{keys()}
	n := sample()
	if _, err := p.write(n); !errors.Is(err, errNoKey) {
		t.Errorf("no key: %v", err)
	}
	n.Apiv3KeyId = "apiv3_1900000001_unknown"
	if _, err := p.write(n); !errors.Is(err, errNoKey) {
		t.Errorf("unknown key: %v", err)
	}
	n.Notice.Url = "ftp://shop.example/"
	var bad *errURL
	if _, err := p.write(n); !errors.As(err, &bad) {
		t.Errorf("bad url: %v", err)
	}
}
