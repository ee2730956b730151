package wechatv3

import (
	"log/slog"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts requests. A merchant's number is a label only once its
// signature was verified, so strangers cannot make labels up.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(to prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_merchant_api_requests_total",
			Help: "Requests to the merchant API by verified merchant (empty: not verified), route, HTTP status and the API's code.",
		}, []string{"mchid", "route", "status", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "holdfast_merchant_api_seconds",
			Help:    "Time from the request's header to its answer, by route.",
			Buckets: []float64{.0005, .001, .002, .004, .008, .016, .032, .064, .128, .256, .512, 1, 2, 5, 10},
		}, []string{"route"}),
	}
	if to == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.requests, m.seconds} {
		if err := to.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// observe counts an answered request.
func (a *API) observe(q *Request, status int, code string) {
	route := "none"
	if q.route != nil {
		route = q.route.Name
	}
	took := a.now().Sub(q.Began)
	a.metrics.requests.WithLabelValues(q.knownMchid(), route, strconv.Itoa(status), code).Inc()
	a.metrics.seconds.WithLabelValues(route).Observe(took.Seconds())
	if ctx := q.http.Context(); a.log.Enabled(ctx, slog.LevelDebug) {
		a.log.LogAttrs(ctx, slog.LevelDebug, "merchant API: answered", slog.String("request_id", q.id), slog.String("route", route),
			slog.String("mchid", q.knownMchid()), slog.Int("status", status), slog.String("code", code), slog.Duration("took", took))
	}
}
