// Package welcome greets a developer at a sandbox's address: what it offers, each
// as a line to copy, and a form that says what is wrong with a signature.
//
//	GET  /                     what there is
//	GET  /diagnose             the form; POST shows what was found
//	POST /sandbox/diagnose     the same for programs: raw text in, JSON out
//	GET  /developer/style.css
//
// Pages are rendered on the server, in Chinese and English, need no script, and
// load nothing from elsewhere. Nothing is kept of what is pasted.
package welcome

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/cashier"
	"github.com/holdfast-pay/holdfast/internal/edge/diagnose"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
)

// Core is what is needed of the node.
type Core interface {
	// ReadLocal calls f with one snapshot of the node's own state, which may lag.
	ReadLocal(ctx context.Context, f func(table.Reader) error) error
}

// Config says what the pages work with.
type Config struct {
	Core Core
	Keys diagnose.Keys
	// Now is the wall clock; nil is time.Now.
	Now func() time.Time
}

// Pages serves the pages. Its methods may be called from any goroutine.
type Pages struct {
	core Core
	keys diagnose.Keys
	now  func() time.Time
}

// New makes the pages.
func New(cfg Config) *Pages {
	d := &Pages{cfg.Core, cfg.Keys, cfg.Now}
	if d.now == nil {
		d.now = time.Now
	}
	return d
}

//go:embed assets
var assets embed.FS

var pageTemplate = template.Must(template.ParseFS(assets, "assets/page.html"))

// Handler serves everything in the package comment, and rest what lies besides it
// under /sandbox/. Outside a sandbox there is nothing.
func (d *Pages) Handler(rest http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { d.show(w, r, http.StatusOK, &page{Kind: "welcome"}) })
	mux.HandleFunc("GET /diagnose", func(w http.ResponseWriter, r *http.Request) { d.show(w, r, http.StatusOK, &page{Kind: "diagnose"}) })
	mux.HandleFunc("POST /diagnose", d.serveForm)
	mux.HandleFunc("POST /sandbox/diagnose", d.serveJSON)
	mux.HandleFunc("GET /developer/style.css", serveStyle)
	mux.Handle("/sandbox/", rest)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		d.show(w, r, http.StatusNotFound, &page{Kind: "welcome"})
	})
	return http.NewCrossOriginProtection().Handler(secure(mux))
}

// policy lets a page load its own style sheet and nothing else.
const policy = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	data, err := assets.ReadFile("assets/style.css")
	if err != nil {
		panic(err) // it is embedded
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(data) // the browser may be gone
}

// page is what the template shows.
type page struct {
	Kind       string
	W          *words
	Title      string
	Sections   []section
	Report     *diagnose.Report
	Problem    string
	Text, With string
}

// Say picks the sentence of the page's language.
func (p *page) Say(t diagnose.Text) string {
	if p.W == english {
		return t.EN
	}
	return t.ZH
}

// Visible writes out what can't be seen at the ends of lines.
func (p *page) Visible(message string) string {
	var b strings.Builder
	for line := range strings.Lines(message) {
		text := strings.NewReplacer("\r", `\r`, "\t", `\t`).Replace(strings.TrimSuffix(line, "\n"))
		if strings.HasSuffix(line, "\n") {
			text += `\n`
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}

// show renders a page.
func (d *Pages) show(w http.ResponseWriter, r *http.Request, status int, p *page) {
	p.W = languages[cashier.Language(w, r)]
	p.Title = p.W.DiagnoseTitle
	if p.Kind == "welcome" {
		p.Title = p.W.Welcome
		for _, s := range p.W.sections {
			s.Code = strings.ReplaceAll(s.Code, "{base}", "http://"+r.Host)
			p.Sections = append(p.Sections, s)
		}
	}
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, p); err != nil {
		panic(err) // the template is ours and tested
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", p.W.Tag)
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // the browser may be gone
}

// maxText bounds what is pasted.
const maxText = 256 << 10

func (d *Pages) serveForm(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxText)
	p := &page{Kind: "diagnose"}
	said := languages[cashier.Language(w, r)]
	if err := r.ParseForm(); err != nil {
		p.Problem = said.Larger
		d.show(w, r, http.StatusBadRequest, p)
		return
	}
	// A form's text has CRLF wherever a line ends, whatever was pasted.
	p.Text, p.With = strings.ReplaceAll(r.PostForm.Get("text"), "\r\n", "\n"), r.PostForm.Get("with")
	report, err := d.examine(r.Context(), []byte(p.Text), []byte(p.With))
	if err != nil {
		p.Problem = said.Unreadable + " " + said.FormHint
		d.show(w, r, http.StatusBadRequest, p)
		return
	}
	p.Report = report
	d.show(w, r, http.StatusOK, p)
}

// serveJSON examines the body as it is: nothing of it is decoded.
func (d *Pages) serveJSON(w http.ResponseWriter, r *http.Request) {
	status, answer := http.StatusOK, any(nil)
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxText))
	if err == nil {
		answer, err = d.examine(r.Context(), text, nil)
	}
	if err != nil {
		said := languages[cashier.Language(w, r)]
		status, answer = http.StatusBadRequest, map[string]string{"code": "PARAM_ERROR", "message": said.Unreadable + " " + said.FormHint}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(answer) // the client may be gone
}

// errNoSandbox keeps the pages shut on a platform with real money.
var errNoSandbox = errors.New("not a sandbox")

func (d *Pages) examine(ctx context.Context, text, with []byte) (*diagnose.Report, error) {
	known := diagnose.Known{Platform: diagnose.PlatformKeys(d.keys, d.now())}
	err := d.core.ReadLocal(ctx, func(r table.Reader) error {
		if head, ok := machine.Head(r); !ok || !head.Sandbox {
			return errNoSandbox
		}
		for _, m := range merchants(r) {
			known.Merchants = append(known.Merchants, diagnose.MerchantKeys(r, m)...)
			if key, ok := d.keys.APIv3Key(merchant.CurrentKey(m)); ok {
				known.APIv3 = append(known.APIv3, diagnose.APIv3Key{Mchid: m.Mchid, Key: key})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return diagnose.ExamineText(text, with, "", known, d.now())
}

// mostMerchants bounds whose keys are tried.
const mostMerchants = 100

func merchants(r table.Reader) (list []*pb.Merchant) {
	merchant.List(r, "", func(m *pb.Merchant) bool {
		list = append(list, m)
		return len(list) < mostMerchants
	})
	return list
}
