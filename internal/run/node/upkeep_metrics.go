package node

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// past counts what a process has done to help its node: a node that helps
// itself is opened anew, and its figures begin anew with it.
type past [remedies]atomic.Uint64

func (p *past) add(r remedy) { p[r].Add(1) }

// remedyNames are the remedies in metrics.
var remedyNames = map[remedy]string{reopen: "snapshot", heal: "state", setAside: "rejoin", setAsideKeys: "rejoin_keys"}

func describeBy(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	certificateLeft = describeBy("holdfast_certificate_remaining_seconds", "How long a certificate is still valid, by what shows it: node, merchant_api or admin.", "of")
	selfRepairs     = describeBy("holdfast_self_repairs_total", "Times the process opened its node anew: by snapshot (it was too far behind), state (its own was damaged or differed), rejoin (its log was damaged or old) or rejoin_keys (its keystore was damaged).", "by")
	snapshotIndex   = describeBy("holdfast_snapshot_index", "Log index of the newest snapshot that this node keeps for others; 0 when it keeps none.")
	scrubAge        = describeBy("holdfast_scrub_age_seconds", "How long ago everything stored had been read and checked; missing until it has been.")
	scrubProgress   = describeBy("holdfast_scrub_progress_ratio", "How far the present pass over everything stored is.")
	damageFound     = describeBy("holdfast_damage_found_total", "Damage found on this node's disk since its folder was made.")
	damageOpen      = describeBy("holdfast_damage_open", "Damage found on this node's disk and not healed yet.")
	couriersAlive   = describeBy("holdfast_couriers", "Couriers that hold a lease.")
	leaseLanes      = describeBy("holdfast_lease_lanes", "Lanes that a courier holds, of 256.", "courier")
	leaseLeft       = describeBy("holdfast_lease_remaining_seconds", "How long a courier's lease still lasts; below 0 it is over.", "courier")
	lanesUnheld     = describeBy("holdfast_lanes_unheld", "Lanes that no courier holds: the notices of their merchants wait. A courier of an older version holds none and serves all.")
)

func send(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (n *administration) certificates(ch chan<- prometheus.Metric) {
	if n.group != nil {
		send(ch, certificateLeft, time.Until(n.group.own.Expires()).Seconds(), "node")
	}
	if n.shown.Load() == nil {
		return // listeners are still being opened
	}
	for _, c := range n.doors.certs {
		if leaf := c.now.Load().Leaf; leaf != nil {
			send(ch, certificateLeft, time.Until(leaf.NotAfter).Seconds(), c.name)
		}
	}
}

// Metrics implements Part.
func (n *peering) Metrics() []prometheus.Collector {
	return []prometheus.Collector{&figuresOf{[]*prometheus.Desc{selfRepairs, snapshotIndex}, n.repairs}}
}

func (n *peering) repairs(ch chan<- prometheus.Metric) {
	if n.group == nil {
		return
	}
	for r := reopen; r < remedies; r++ {
		count := uint64(0)
		if n.opt.past != nil {
			count = n.opt.past[r].Load()
		}
		ch <- prometheus.MustNewConstMetric(selfRepairs, prometheus.CounterValue, float64(count), remedyNames[r])
	}
	if n.running.Load() != nil {
		send(ch, snapshotIndex, float64(n.group.keeper.Newest()))
	}
}

// Metrics implements Part.
func (n *scrubbing) Metrics() []prometheus.Collector {
	return []prometheus.Collector{&figuresOf{[]*prometheus.Desc{scrubAge, scrubProgress, damageFound, damageOpen}, n.figures}}
}

func (n *scrubbing) figures(ch chan<- prometheus.Metric) {
	scrubber := n.damage.scrubber.Load()
	if scrubber == nil {
		return
	}
	s := scrubber.Status()
	if age, ok := s.Age(time.Now()); ok {
		send(ch, scrubAge, age.Seconds())
	}
	send(ch, scrubProgress, float64(s.Percent)/100)
	send(ch, damageOpen, float64(len(s.Open)))
	ch <- prometheus.MustNewConstMetric(damageFound, prometheus.CounterValue, float64(s.Found))
}

// Metrics implements Part.
func (n *courierService) Metrics() []prometheus.Collector {
	return []prometheus.Collector{&figuresOf{[]*prometheus.Desc{couriersAlive, leaseLanes, leaseLeft, lanesUnheld}, n.couriers}}
}

// couriers reads the leases. They are absent below the feature level that knows
// them.
func (n *courierService) couriers(ch chan<- prometheus.Metric) {
	if !n.inUse.begin() {
		return
	}
	defer n.inUse.end()
	if n.replica.Position().Level < lane.Level {
		return
	}
	_ = n.replica.ReadLocal(n.ctx, func(r table.Reader) error { // a damaged row is the scrubber's to tell
		alive, unheld, now := 0, lane.All(), n.replica.Now()
		for _, c := range lane.Couriers(r) {
			held := lane.Held(c)
			send(ch, leaseLanes, float64(held.Len()), c.Name)
			send(ch, leaseLeft, float64(c.Until-now)/1000, c.Name)
			if c.Until > now {
				alive++
				unheld = unheld.Without(held)
			}
		}
		send(ch, couriersAlive, float64(alive))
		send(ch, lanesUnheld, float64(unheld.Len()))
		return nil
	})
}
