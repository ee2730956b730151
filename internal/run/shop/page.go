package shop

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// shown is how many orders and notices the page lists.
const shown = 50

// Handler serves the shop:
//
//	GET  /goods              what there is, and how it can be paid
//	GET  /orders             the newest orders and notices
//	POST /orders             a new order: a cart as JSON, or description and total (fen) as a form
//	GET  /orders/{no}        an order; ?ask has the platform asked first
//	POST /orders/{no}/again  prepares the payment of an order that is not paid anew
//	GET  /orders/{no}/events the order whenever it changes, as a stream
//	POST /notify             the callback
//	anything else            the shop's pages (web/shop)
func (s *Shop) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /notify", s.serveNotify)
	mux.HandleFunc("GET /goods", s.serveGoods)
	mux.HandleFunc("GET /orders", s.serveOrders)
	mux.HandleFunc("POST /orders", s.serveOrder)
	mux.HandleFunc("GET /orders/{no}", s.serveShow)
	mux.HandleFunc("POST /orders/{no}/again", s.serveAgain)
	mux.HandleFunc("GET /orders/{no}/events", s.serveEvents)
	mux.Handle("GET /", s.pages)
	return http.NewCrossOriginProtection().Handler(mux)
}

func (s *Shop) serveGoods(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"goods": catalogue, "payers": s.cfg.Payers, "platform": s.cfg.Platform})
}

func (s *Shop) serveOrders(w http.ResponseWriter, _ *http.Request) {
	orders, notices := s.book.newest(shown)
	answer(w, http.StatusOK, map[string]any{"mchid": s.cfg.Mchid, "orders": orders, "notices": notices})
}

// maxOrder bounds the body of an order.
const maxOrder = 4 << 10

// serveOrder places an order: what is in a page's cart, or what a form says.
func (s *Shop) serveOrder(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxOrder)
	read := readForm
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		read = s.readCart
	}
	asked, err := read(r)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	o, err := s.place(r.Context(), asked, addressOf(r))
	switch {
	case err != nil:
		fail(w, http.StatusBadGateway, err.Error())
	case r.Header.Get("Accept") == "application/json":
		answer(w, http.StatusCreated, o)
	default:
		http.Redirect(w, r, "/order/"+o.OutTradeNo, http.StatusSeeOther)
	}
}

// readCart reads what a page orders. Prices are the shop's own.
func (s *Shop) readCart(r *http.Request) (Order, error) {
	var q struct {
		Cart   map[string]int64 `json:"cart"`
		Pay    string           `json:"pay"`
		Openid string           `json:"openid"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		return Order{}, fmt.Errorf("the order is no JSON: %w", err)
	}
	if q.Pay != "native" && q.Pay != "h5" && q.Pay != "jsapi" {
		return Order{}, errPay
	}
	if known := slices.ContainsFunc(s.cfg.Payers, func(p Payer) bool { return p.Openid == q.Openid }); q.Pay == "jsapi" && !known {
		return Order{}, errors.New("the shop knows no such customer")
	}
	items, total, description, err := priced(q.Cart)
	return Order{Items: items, Total: total, Description: description, Pay: q.Pay, Openid: q.Openid}, err
}

func readForm(r *http.Request) (Order, error) {
	total, err := strconv.ParseInt(r.PostFormValue("total"), 10, 64)
	if err != nil || total <= 0 {
		return Order{}, errors.New("total is a whole number of fen above 0")
	}
	return Order{Description: r.PostFormValue("description"), Total: total}, nil
}

func addressOf(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return host
}

// serveShow shows an order. A page that its payer comes back to has the platform asked:
// the notice may be on its way.
func (s *Shop) serveShow(w http.ResponseWriter, r *http.Request) {
	no := r.PathValue("no")
	o, ok := s.book.order(no)
	if ok && !o.Paid() && r.URL.Query().Has("ask") {
		if err := s.Ask(r.Context(), no); err != nil {
			s.log.Warn("the platform was asked", "order", no, "err", err) // the book's answer stands, and the notice comes
		}
		o, ok = s.book.order(no)
	}
	if !ok {
		fail(w, http.StatusNotFound, "the shop has no such order")
		return
	}
	answer(w, http.StatusOK, o)
}

func (s *Shop) serveAgain(w http.ResponseWriter, r *http.Request) {
	o, ok := s.book.order(r.PathValue("no"))
	switch {
	case !ok:
		fail(w, http.StatusNotFound, "the shop has no such order")
		return
	case o.Paid() || o.Closed:
		answer(w, http.StatusOK, o)
		return
	}
	o, err := s.prepare(r.Context(), o, addressOf(r))
	if err != nil {
		fail(w, http.StatusBadGateway, err.Error())
		return
	}
	answer(w, http.StatusOK, o)
}

// beat is how often a stream that has nothing to say shows that it stands.
const beat = 15 * time.Second

// serveEvents streams an order whenever it changes, as server-sent events.
func (s *Shop) serveEvents(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	if err := errors.Join(out.SetWriteDeadline(time.Time{}), out.SetReadDeadline(time.Time{})); err != nil {
		fail(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	ticks := time.NewTicker(beat)
	defer ticks.Stop()
	for {
		changed := s.book.waitChange()
		o, ok := s.book.order(r.PathValue("no"))
		if !ok {
			return
		}
		data, err := json.Marshal(o)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-ticks.C:
		case <-s.closing:
			return
		case <-r.Context().Done():
			return
		}
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
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
