package gate

import "github.com/prometheus/client_golang/prometheus"

var (
	limitDesc    = prometheus.NewDesc("holdfast_gate_limit", "Requests that may be worked on at once, as measured now.", nil, nil)
	stretchDesc  = prometheus.NewDesc("holdfast_gate_stretch", "Median time of admitted requests relative to their target; above 1 the limit falls.", nil, nil)
	atWorkDesc   = prometheus.NewDesc("holdfast_gate_in_flight", "Requests being worked on, by class.", []string{"class"}, nil)
	waitingDesc  = prometheus.NewDesc("holdfast_gate_queued", "Requests that wait to be let in, by class.", []string{"class"}, nil)
	admittedDesc = prometheus.NewDesc("holdfast_gate_admitted_total", "Requests that were let in, by class.", []string{"class"}, nil)
	refusedDesc  = prometheus.NewDesc("holdfast_gate_refused_total", "Requests that were refused, by class and reason: full, late, share (the account's own excess), budget (polling), gone (the client left).", []string{"class", "reason"}, nil)
	cachedDesc   = prometheus.NewDesc("holdfast_gate_cached_answers_total", "Queries answered with less work, by what was saved: read (a final answer was remembered) or signature (the same answer was signed just before).", []string{"saved"}, nil)
)

// collector reads a gate's figures when they are asked for.
type collector struct{ gate *Gate }

// Describe implements prometheus.Collector.
func (collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{limitDesc, stretchDesc, atWorkDesc, waitingDesc, admittedDesc, refusedDesc, cachedDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	g := c.gate
	var waiting [classes]int
	g.mu.Lock()
	limit, stretch, atWork, admitted, refused, spared := g.limiter.now(), g.limiter.stretch, g.atWorkBy, g.admitted, g.refused, g.spared
	for i := range g.lines {
		waiting[i] = g.lines[i].n
	}
	g.mu.Unlock()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge(limitDesc, float64(limit))
	gauge(stretchDesc, stretch)
	for i := range classes {
		class := Class(i).String()
		gauge(atWorkDesc, float64(atWork[i]), class)
		gauge(waitingDesc, float64(waiting[i]), class)
		count(admittedDesc, admitted[i], class)
		for why := Full; int(why) < reasons; why++ {
			count(refusedDesc, refused[i][why], class, why.String())
		}
	}
	for s := range savings {
		count(cachedDesc, spared[s], Saving(s).String())
	}
}
