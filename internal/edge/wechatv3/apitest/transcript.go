package apitest

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

// Rewrite makes golden files anew.
var Rewrite = flag.Bool("rewrite", false, "write testdata and generated documentation anew")

// LogTo logs to w as the program does.
func LogTo(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// Transcript collects exchanges in the order they happened and compares them
// with testdata/name.txt. What differs from run to run is masked; what must be
// right whatever the golden file says is checked apart: the signature of every
// 2xx, and that nothing else is signed.
type Transcript struct {
	P    *Site
	Name string
	Text strings.Builder
}

// NewTranscript begins one.
func NewTranscript(p *Site, name string) *Transcript { return &Transcript{P: p, Name: name} }

// See sends a call, writes it down, and checks status and code ("200", or "400
// PARAM_ERROR").
func (s *Transcript) See(title string, c Call, want string) Reply {
	s.P.T.Helper()
	got := s.P.Do(c)
	if have := strings.TrimSpace(fmt.Sprintf("%d %s", got.Status, got.Code())); have != want {
		s.P.T.Errorf("%s: %s: answered %s, want %s: %s", s.Name, title, have, want, got.Body)
	}
	s.P.CheckSigned(title, got)
	method := c.Method
	if method == "" {
		method = map[bool]string{true: "POST", false: "GET"}[c.Body != ""]
	}
	fmt.Fprintf(&s.Text, "# %s\n%s %s\n", title, method, c.Target)
	if c.Body != "" {
		fmt.Fprintf(&s.Text, "%.300s\n", s.P.Mask(c.Body))
	}
	fmt.Fprintf(&s.Text, "-> %d\n", got.Status)
	var names []string
	for name := range got.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&s.Text, "%s: %s\n", name, s.P.Mask(strings.Join(got.Header[name], ", ")))
	}
	fmt.Fprintf(&s.Text, "%s\n\n", s.P.Mask(got.Body))
	return got
}

// Compare holds it against testdata/name.txt of the package that is tested.
func (s *Transcript) Compare() {
	s.P.T.Helper()
	compareGolden(s.P.T, filepath.Join("testdata", s.Name+".txt"), s.Text.String())
}

func compareGolden(t testing.TB, file, got string) {
	t.Helper()
	if *Rewrite {
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

// Mask replaces what is drawn at random.
func (p *Site) Mask(s string) string {
	s = requestID.ReplaceAllString(s, "<id>-")
	s = prepayHex.ReplaceAllString(s, "wx$1<20 hex>")
	s = openids.ReplaceAllString(s, `"openid":"<openid>"`)
	s = longBytes.ReplaceAllString(s, "<base64>")
	s = gcmNonce.ReplaceAllString(s, `"nonce":"<12>"`)
	if nonceLike.MatchString(s) && s != Nonce {
		return "<nonce>"
	}
	s = strings.ReplaceAll(s, p.Serial, "<merchant serial>")
	s = strings.ReplaceAll(s, p.Keys.PublicKey().ID(), "<public key id>")
	for i, c := range p.Keys.PlatformCerts(p.Core.Now()) {
		s = strings.ReplaceAll(s, c.Serial, fmt.Sprintf("<platform serial %d>", i))
	}
	return s
}

// CheckSigned verifies a 2xx as a client does and makes sure that nothing else
// carries a signature.
func (p *Site) CheckSigned(title string, r Reply) {
	p.T.Helper()
	h := r.Header
	if r.Status < 200 || r.Status > 299 {
		for name := range h {
			if strings.HasPrefix(name, "Wechatpay-") {
				p.T.Errorf("%s: a refusal carries %s", title, name)
			}
		}
		return
	}
	serial := h.Get("Wechatpay-Serial")
	signer, ok := p.Keys.Signer(serial)
	if !ok {
		p.T.Errorf("%s: signed by %q, which is not the platform's", title, serial)
		return
	}
	message := seal.AnswerMessage(h.Get("Wechatpay-Timestamp"), h.Get("Wechatpay-Nonce"), []byte(r.Body))
	if err := seal.Verify(signer.PublicKey(), message, h.Get("Wechatpay-Signature")); err != nil {
		p.T.Errorf("%s: the answer's signature: %v", title, err)
	}
	if !strings.HasSuffix(r.RequestID(), "-0") || h["Wechatpay-Signature-Type"][0] != seal.Scheme {
		p.T.Errorf("%s: header %v", title, h)
	}
	if r.Status == 204 && (r.Body != "" || h.Get("Content-Type") != "") {
		p.T.Errorf("%s: 204 with %q of %s", title, r.Body, h.Get("Content-Type"))
	}
}
