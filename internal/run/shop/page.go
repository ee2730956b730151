package shop

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/edge/drawing"
)

//go:embed page.html
var pageFiles embed.FS

var page = template.Must(template.New("page.html").
	Funcs(template.FuncMap{"yuan": yuan}).ParseFS(pageFiles, "page.html"))

// shown is how many orders and notices the page lists.
const shown = 50

// Handler serves the shop: the page (GET /), a new order (POST /orders), an
// order as JSON (GET /orders/{no}), its QR code (GET /orders/{no}/qr.png) and
// the callback (POST /notify).
func (s *Shop) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /notify", s.serveNotify)
	mux.HandleFunc("GET /{$}", s.servePage)
	mux.HandleFunc("POST /orders", s.serveOrder)
	mux.HandleFunc("GET /orders/{no}", s.serveShow)
	mux.HandleFunc("GET /orders/{no}/qr.png", s.serveQR)
	return http.NewCrossOriginProtection().Handler(mux)
}

func (s *Shop) servePage(w http.ResponseWriter, _ *http.Request) {
	orders, notices := s.book.newest(shown)
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	head.Set("X-Content-Type-Options", "nosniff")
	data := map[string]any{"Mchid": s.cfg.Mchid, "Orders": orders, "Notices": notices}
	if err := page.Execute(w, data); err != nil {
		s.log.Error("page", "err", err)
	}
}

// serveOrder places an order from the page's form: description, total (fen).
func (s *Shop) serveOrder(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	total, err := strconv.ParseInt(r.PostFormValue("total"), 10, 64)
	if err != nil || total <= 0 {
		fail(w, http.StatusBadRequest, "total is a whole number of fen above 0")
		return
	}
	o, err := s.Place(r.Context(), r.PostFormValue("description"), total)
	if err != nil {
		fail(w, http.StatusBadGateway, err.Error())
		return
	}
	if r.Header.Get("Accept") == "application/json" {
		answer(w, http.StatusCreated, o)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *Shop) serveShow(w http.ResponseWriter, r *http.Request) {
	o, ok := s.book.order(r.PathValue("no"))
	if !ok {
		fail(w, http.StatusNotFound, "the shop has no such order")
		return
	}
	answer(w, http.StatusOK, o)
}

func (s *Shop) serveQR(w http.ResponseWriter, r *http.Request) {
	o, ok := s.book.order(r.PathValue("no"))
	if !ok || o.CodeURL == "" {
		fail(w, http.StatusNotFound, "the shop has no code for this order")
		return
	}
	png, err := drawing.PNG(o.CodeURL)
	if err != nil {
		fail(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(png) // the phone may be gone
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

// fail answers as a merchant answers a callback it can't take.
func fail(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"code": "FAIL", "message": message})
}

// refusal is 400 for a notice that doesn't fit and 500 for the shop's trouble.
func refusal(err error) int {
	if errors.Is(err, errRefused) {
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

func yuan(fen int64) string { return fmt.Sprintf("¥%d.%02d", fen/100, fen%100) }
