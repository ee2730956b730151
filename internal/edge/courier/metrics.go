package courier

import (
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// metrics are what the courier shows of itself. No label names a merchant: the
// node's tables know each merchant's notices.
type metrics struct {
	attempts   *prometheus.CounterVec
	wire       prometheus.Histogram
	quick      prometheus.Gauge
	slow       prometheus.Gauge
	open       prometheus.Gauge
	broken     prometheus.Gauge
	waiting    prometheus.Gauge
	unreported prometheus.Gauge
	connected  prometheus.Gauge
	problems   prometheus.Counter
	held       prometheus.Gauge
	lapses     prometheus.Counter

	oldest atomic.Int64 // since when, business Unix milliseconds; 0 when nothing is owed
}

func newMetrics(reg prometheus.Registerer, now func() int64) (*metrics, error) {
	const ns, sub = "holdfast", "courier"
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: ns, Subsystem: sub, Name: name, Help: help})
	}
	m := &metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: ns, Subsystem: sub, Name: "attempts_total",
			Help: "Attempts to deliver a notice, by outcome."}, []string{"outcome"}),
		wire: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: ns, Subsystem: sub, Name: "commit_to_wire_seconds",
			Help:    "From the deed (business time) until a notice's first request was written.",
			Buckets: []float64{.002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 15, 60, 300, 1800}}),
		waiting:    gauge("waiting", "Notices known to be owed and not in flight."),
		unreported: gauge("unreported", "Attempts that the node has not accepted yet."),
		connected:  gauge("connected", "1 while the node's stream of owed notices is open."),
		problems: prometheus.NewCounter(prometheus.CounterOpts{Namespace: ns, Subsystem: sub, Name: "unsendable_total",
			Help: "Notices set aside for a minute because this version cannot send them."}),
	}
	m.held = gauge("lanes_held", "Lanes this courier sends by, of 256.")
	m.lapses = prometheus.NewCounter(prometheus.CounterOpts{Namespace: ns, Subsystem: sub, Name: "lease_lapses_total",
		Help: "Leases that were over before they were renewed."})
	flights := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: ns, Subsystem: sub, Name: "in_flight",
		Help: "Notices picked and not yet landed, by pool: quick, or slow (broken destinations and slow answers)."}, []string{"pool"})
	m.quick, m.slow = flights.WithLabelValues("quick"), flights.WithLabelValues("slow")
	destinations := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: ns, Subsystem: sub, Name: "destinations",
		Help: "Addresses of merchants the courier has something to remember about, by their state: open, or broken after five failures in a row."}, []string{"state"})
	m.open, m.broken = destinations.WithLabelValues("open"), destinations.WithLabelValues("broken")
	age := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: ns, Subsystem: sub, Name: "oldest_owed_seconds",
		Help: "How long the longest owed notice has been owed."}, func() float64 {
		if since := m.oldest.Load(); since > 0 {
			return max(0, float64(now()-since)/1000)
		}
		return 0
	})
	for _, c := range []prometheus.Collector{m.attempts, m.wire, flights, destinations, m.waiting, m.unreported, m.connected, m.problems, m.held, m.lapses, age} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	for o := range pb.AttemptOutcome_name {
		if o != 0 {
			m.attempts.WithLabelValues(outcomeName(pb.AttemptOutcome(o)))
		}
	}
	return m, nil
}

// outcomeName is an outcome as a metric's label: "refused_address".
func outcomeName(o pb.AttemptOutcome) string {
	return strings.ToLower(strings.TrimPrefix(o.String(), "ATTEMPT_OUTCOME_"))
}

// show copies the scheduler's counts.
func (m *metrics) show(d *scheduler, unreported, held int) {
	m.held.Set(float64(held))
	m.quick.Set(float64(d.quick))
	m.slow.Set(float64(d.slow))
	m.open.Set(float64(d.destinations - d.broken))
	m.broken.Set(float64(d.broken))
	m.waiting.Set(float64(d.waiting))
	m.unreported.Set(float64(unreported))
}
