// Package web serves the pages that people's browsers load. They are written in web/
// and bundled into dist, which is committed: running Holdfast takes neither Node nor a
// bundler. internal/arch checks that dist is of the source that lies beside it.
//
// Pages load nothing from elsewhere and run no script but their own: a strict Content
// Security Policy, with Trusted Types where the browser has them.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:generate go run -C ../../../web .

//go:embed dist
var dist embed.FS

// policy lets a page load its own files and call its own origin, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types holdfast"

// kinds are the content types by a file's ending.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".webmanifest": "application/manifest+json",
}

// file is one file of the pages, ready to be sent.
type file struct {
	body, packed []byte // packed is nil where gzip gains nothing
	kind, tag    string
}

// Pages serves the wallet and, at /till/, the till. It is mounted at the root of the
// wallet API's address: calls and pages share one origin.
type Pages struct {
	files map[string]*file
}

// platformMark is where index.html says whose page it is.
const platformMark = "<!-- platform -->\n"

// Till is where the till's page is.
const Till = "/till/"

// New prepares the pages; in a sandbox they say that they are of one. verifier is the
// journal's public key, with which the wallet checks receipts: it comes with the page
// and never beside a receipt.
func New(sandbox bool, verifier string) (*Pages, error) {
	p := &Pages{files: map[string]*file{}}
	mark := "<meta name=\"holdfast-journal\" content=\"" + html.EscapeString(verifier) + "\">\n"
	if sandbox {
		mark += "<meta name=\"holdfast-sandbox\" content=\"yes\">\n"
	}
	err := fs.WalkDir(dist, "dist", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || kinds[path.Ext(name)] == "" {
			return err
		}
		body, err := dist.ReadFile(name)
		if err != nil {
			return err
		}
		at := strings.TrimPrefix(name, "dist")
		if folder, ok := strings.CutSuffix(at, "index.html"); ok {
			at, body = folder, bytes.Replace(body, []byte(platformMark), []byte(mark), 1)
		}
		p.files[at], err = prepare(path.Ext(name), body)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the pages: %w", err)
	}
	return p, nil
}

// Shop serves the demo shop's page, which belongs to a merchant: it is mounted at the
// shop's own address, and not where the platform's pages are.
type Shop struct {
	files  map[string]*file
	policy string
}

const shopFolder = "/shop/"

// NewShop prepares the demo shop's page. It may send a form to the platform, as WeChat's
// own bridge does for a merchant's page.
func NewShop(platform string) (*Shop, error) {
	p, err := New(true, "")
	if err != nil {
		return nil, err
	}
	return &Shop{files: p.files, policy: strings.Replace(policy, "form-action 'none'", "form-action "+platform, 1)}, nil
}

// ServeHTTP implements http.Handler. Every address that is no file's shows the page,
// which knows its own addresses.
func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header(), r.TLS != nil)
	w.Header().Set("Content-Security-Policy", s.policy)
	f := s.files[shopFolder]
	if ext := path.Ext(r.URL.Path); ext != "" {
		f = s.files[r.URL.Path]
		if f == nil || !strings.HasPrefix(r.URL.Path, "/assets/") && r.URL.Path != "/icon.svg" {
			http.NotFound(w, r)
			return
		}
	}
	f.send(w, r)
}

func prepare(ext string, body []byte) (*file, error) {
	sum := sha256.Sum256(body)
	f := &file{body: body, kind: kinds[ext], tag: `"` + hex.EncodeToString(sum[:8]) + `"`}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(body); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	if packed.Len() < len(body)*9/10 {
		f.packed = packed.Bytes()
	}
	return f, nil
}

// ServeHTTP implements http.Handler. Every address that is no file's shows the wallet,
// which knows its own addresses.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header(), r.TLS != nil)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "these are pages: GET them", http.StatusMethodNotAllowed)
		return
	}
	if r.URL.Path == strings.TrimSuffix(Till, "/") {
		http.Redirect(w, r, Till, http.StatusPermanentRedirect) // what stands behind # goes along
		return
	}
	f, ok := p.files[r.URL.Path]
	if !ok && path.Ext(r.URL.Path) == "" || r.URL.Path == shopFolder {
		f, ok = p.files["/"], true
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	f.send(w, r)
}

func secure(head http.Header, tls bool) {
	head.Set("Content-Security-Policy", policy)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("Cross-Origin-Opener-Policy", "same-origin")
	head.Set("Cross-Origin-Resource-Policy", "same-origin")
	head.Set("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
	if tls {
		head.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// send sends the file, compressed where the browser takes it. What has its hash in its
// name never changes; everything else is asked for again, and mostly not sent.
func (f *file) send(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Content-Type", f.kind)
	head.Set("ETag", f.tag)
	head.Set("Vary", "Accept-Encoding")
	head.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(r.URL.Path, "/assets/") {
		head.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if r.Header.Get("If-None-Match") == f.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.body
	if f.packed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		head.Set("Content-Encoding", "gzip")
		body = f.packed
	}
	head.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the phone may be gone
	}
}
