package wechatv3

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

var rewrite = flag.Bool("rewrite", false, "write testdata and generated documentation anew")

func logTo(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// transcript collects exchanges in the order they happened and compares them
// with testdata/name.txt. What differs from run to run is masked; what must be
// right whatever the golden file says is checked apart: the signature of every
// 2xx, and that nothing else is signed.
type transcript struct {
	p    *site
	name string
	text strings.Builder
}

func newTranscript(p *site, name string) *transcript { return &transcript{p: p, name: name} }

// see sends a call, writes it down, and checks status and code ("200", or "400
// PARAM_ERROR").
func (s *transcript) see(title string, c call, want string) reply {
	s.p.t.Helper()
	got := s.p.do(c)
	if have := strings.TrimSpace(fmt.Sprintf("%d %s", got.status, got.code())); have != want {
		s.p.t.Errorf("%s: %s: answered %s, want %s: %s", s.name, title, have, want, got.body)
	}
	s.p.checkSigned(title, got)
	method := c.method
	if method == "" {
		method = map[bool]string{true: "POST", false: "GET"}[c.body != ""]
	}
	fmt.Fprintf(&s.text, "# %s\n%s %s\n", title, method, c.target)
	if c.body != "" {
		fmt.Fprintf(&s.text, "%.300s\n", s.p.mask(c.body))
	}
	fmt.Fprintf(&s.text, "-> %d\n", got.status)
	var names []string
	for name := range got.header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&s.text, "%s: %s\n", name, s.p.mask(strings.Join(got.header[name], ", ")))
	}
	fmt.Fprintf(&s.text, "%s\n\n", s.p.mask(got.body))
	return got
}

func (s *transcript) compare() {
	s.p.t.Helper()
	compareGolden(s.p.t, filepath.Join("testdata", s.name+".txt"), s.text.String())
}

func compareGolden(t testing.TB, file, got string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run with -rewrite to make it", err)
	}
	if got == string(want) {
		return
	}
	a, b := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("%s, line %d\n got %s\nwant %s\n(-rewrite accepts it)", file, i+1, a[i], b[i])
		}
	}
	t.Fatalf("%s has %d lines, got %d", file, len(b), len(a))
}

var (
	requestID = regexp.MustCompile(`08[0-9A-F]{38}-`)
	longBytes = regexp.MustCompile(`[0-9A-Za-z+/]{300,}={0,2}`)
	nonceLike = regexp.MustCompile(`^[0-9A-Za-z]{32}$`)
	prepayHex = regexp.MustCompile(`wx(\d{14})[0-9a-f]{20}`)
	openids   = regexp.MustCompile(`"openid":"o[0-9A-Za-z_-]{27}"`)
	gcmNonce  = regexp.MustCompile(`"nonce":"[^"]{12}"`)
)

// mask replaces what is drawn at random.
func (p *site) mask(s string) string {
	s = requestID.ReplaceAllString(s, "<id>-")
	s = prepayHex.ReplaceAllString(s, "wx$1<20 hex>")
	s = openids.ReplaceAllString(s, `"openid":"<openid>"`)
	s = longBytes.ReplaceAllString(s, "<base64>")
	s = gcmNonce.ReplaceAllString(s, `"nonce":"<12>"`)
	if nonceLike.MatchString(s) && s != nonce {
		return "<nonce>"
	}
	s = strings.ReplaceAll(s, p.serial, "<merchant serial>")
	s = strings.ReplaceAll(s, p.keys.PublicKey().ID(), "<public key id>")
	for i, c := range p.keys.PlatformCerts(p.core.Now()) {
		s = strings.ReplaceAll(s, c.Serial, fmt.Sprintf("<platform serial %d>", i))
	}
	return s
}

// checkSigned verifies a 2xx as a client does and makes sure that nothing else
// carries a signature.
func (p *site) checkSigned(title string, r reply) {
	p.t.Helper()
	h := r.header
	if r.status < 200 || r.status > 299 {
		for name := range h {
			if strings.HasPrefix(name, "Wechatpay-") {
				p.t.Errorf("%s: a refusal carries %s", title, name)
			}
		}
		return
	}
	serial := h.Get("Wechatpay-Serial")
	signer, ok := p.keys.Signer(serial)
	if !ok {
		p.t.Errorf("%s: signed by %q, which is not the platform's", title, serial)
		return
	}
	message := seal.AnswerMessage(h.Get("Wechatpay-Timestamp"), h.Get("Wechatpay-Nonce"), []byte(r.body))
	if err := seal.Verify(signer.PublicKey(), message, h.Get("Wechatpay-Signature")); err != nil {
		p.t.Errorf("%s: the answer's signature: %v", title, err)
	}
	if !strings.HasSuffix(r.requestID(), "-0") || h["Wechatpay-Signature-Type"][0] != seal.Scheme {
		p.t.Errorf("%s: header %v", title, h)
	}
	if r.status == 204 && (r.body != "" || h.Get("Content-Type") != "") {
		p.t.Errorf("%s: 204 with %q of %s", title, r.body, h.Get("Content-Type"))
	}
}
