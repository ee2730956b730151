package node

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/engine/agree"
	"github.com/holdfast-pay/holdfast/internal/engine/member"
	"github.com/holdfast-pay/holdfast/internal/engine/peer"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// groupFigures is one look at a node's place in its group. It needs a running
// replica only: while a node proves itself or waits for a leader is when one asks.
type groupFigures struct {
	node    *shared
	replica *replica.Replica
	status  member.Status
	agreed  agree.Mark
	differ  map[uint64]agree.Mark
}

func lookGroup(n *shared) (*groupFigures, bool) {
	r := n.running.Load()
	if r == nil {
		return nil, false
	}
	f := &groupFigures{node: n, replica: r, status: r.Status()}
	f.agreed, f.differ = r.Agreed()
	return f, true
}

// last is the end of the longest log that this node knows of.
func (f *groupFigures) last() uint64 {
	last := f.status.LastIndex
	for _, p := range f.status.Peers {
		last = max(last, p.Heard.GetLastIndex())
	}
	return last
}

func (f *groupFigures) roles(role pb.MemberRole) (n int) {
	for _, m := range f.status.Members.GetMembers() {
		if m.Role == role {
			n++
		}
	}
	return n
}

// groupMetric is a figure about this node in its group.
type groupMetric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(*groupFigures) float64
}

var groupList = []groupMetric{
	{describe("holdfast_leads", "1 on the node that leads and takes writes."), prometheus.GaugeValue, func(f *groupFigures) float64 { return flagged(f.replica.Leads()) }},
	{describe("holdfast_leader_known", "1 while this node knows who leads; without a leader no payment is taken."), prometheus.GaugeValue, func(f *groupFigures) float64 { return flagged(f.status.Leader != 0) }},
	{describe("holdfast_leader_changes_total", "Times this node has seen another leader than the one before; the first counts."), prometheus.CounterValue, func(f *groupFigures) float64 { return float64(f.replica.LeaderChanges()) }},
	{describe("holdfast_term", "Raft's term; it rises with every election."), prometheus.GaugeValue, func(f *groupFigures) float64 { return float64(f.status.Term) }},
	{describe("holdfast_commit_index", "Log index that this node knows a majority to have on disk."), prometheus.GaugeValue, func(f *groupFigures) float64 { return float64(f.status.Commit) }},
	{describe("holdfast_last_index", "Log index of the last entry in this node's log."), prometheus.GaugeValue, func(f *groupFigures) float64 { return float64(f.status.LastIndex) }},
	{describe("holdfast_behind_entries", "Entries of the longest known log that this node has not applied."), prometheus.GaugeValue, func(f *groupFigures) float64 { return float64(f.last() - min(f.last(), f.replica.Applied())) }},
	{describe("holdfast_proven", "1 once the others have confirmed that this node's disk is no old copy; before, it neither votes nor acknowledges."), prometheus.GaugeValue, func(f *groupFigures) float64 { return flagged(f.status.Proven) }},
	{describe("holdfast_voters", "Nodes with a vote."), prometheus.GaugeValue, func(f *groupFigures) float64 { return float64(f.roles(pb.MemberRole_MEMBER_ROLE_VOTER)) }},
	{describe("holdfast_learners", "Nodes that get the log and have no vote yet."), prometheus.GaugeValue, func(f *groupFigures) float64 { return float64(f.roles(pb.MemberRole_MEMBER_ROLE_LEARNER)) }},
	{describe("holdfast_clock_offset_seconds", "The majority's clock against this node's: above 0 this one is slow. At 2 s it may not lead."), prometheus.GaugeValue, func(f *groupFigures) float64 { return float64(f.status.ClockOffset) / 1000 }},
	{describe("holdfast_reads_waiting", "Reads that wait for the leader's word or for this node to catch up."), prometheus.GaugeValue, func(f *groupFigures) float64 { return float64(f.replica.Reading()) }},
	{describe("holdfast_agreed_index", "Log index at which this node and a majority last found their states equal."), prometheus.GaugeValue, func(f *groupFigures) float64 { return float64(f.agreed.Index) }},
	{describe("holdfast_unagreed_seconds", "How long the state has changed without a majority having compared it; 0 when all of it is compared."), prometheus.GaugeValue, func(f *groupFigures) float64 { return f.unagreed() }},
	{describe("holdfast_keystore_generation", "Generation of the keystore; equal on all nodes."), prometheus.GaugeValue, func(f *groupFigures) float64 { return float64(f.node.keys.Generation()) }},
}

// unagreed is how long ago the state was compared, unless it has not changed
// since. A node without peers compares with nobody.
func (f *groupFigures) unagreed() float64 {
	since := f.node.journal.checkpoints.agreedSince()
	if f.status.Alone || since.IsZero() || f.agreed.Index >= f.replica.Applied() {
		return 0
	}
	return time.Since(since).Seconds()
}

// peerFigures is what this node knows of one other.
type peerFigures struct {
	member.PeerStatus
	link    peer.PeerMetrics
	group   *groupFigures
	started time.Time
}

// silence is how long ago the peer was heard of: since this node's start when it
// never was.
func (p *peerFigures) silence() float64 {
	if p.Ticks < 0 {
		return time.Since(p.started).Seconds()
	}
	return (time.Duration(p.Ticks) * member.TickEvery).Seconds()
}

// peerMetric is a figure about another node; its label is that node's name.
type peerMetric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(*peerFigures) float64
}

func describePeer(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, []string{"peer"}, nil)
}

var peerList = []peerMetric{
	{describePeer("holdfast_peer_silent_seconds", "How long ago the peer was heard of; it says something at least once a second."), prometheus.GaugeValue, func(p *peerFigures) float64 { return p.silence() }},
	{describePeer("holdfast_peer_lag_entries", "Entries of the longest known log that the peer was not heard to have."), prometheus.GaugeValue, func(p *peerFigures) float64 {
		return float64(p.group.last() - min(p.group.last(), p.Heard.GetLastIndex()))
	}},
	{describePeer("holdfast_peer_serving", "1 while the peer says that it answers requests."), prometheus.GaugeValue, func(p *peerFigures) float64 {
		return flagged(p.Status.GetHealth().GetServing() && p.silence() < silent/1000)
	}},
	{describePeer("holdfast_peer_voter", "1 for a peer with a vote, 0 for a learner."), prometheus.GaugeValue, func(p *peerFigures) float64 { return flagged(p.Member.Role == pb.MemberRole_MEMBER_ROLE_VOTER) }},
	{describePeer("holdfast_peer_differs", "1 when the peer's state was not the majority's at the last comparison."), prometheus.GaugeValue, func(p *peerFigures) float64 {
		theirs, differs := p.group.differ[p.Member.RaftId]
		return flagged(differs && p.Status.GetHealth().GetMarkIndex() <= theirs.Index)
	}},
	{describePeer("holdfast_peer_fetching", "1 while the peer fetches a snapshot."), prometheus.GaugeValue, func(p *peerFigures) float64 { return flagged(p.Status.GetFetching() != 0) }},
	{describePeer("holdfast_peer_clock_offset_seconds", "The peer's clock against this node's: above 0 it is ahead."), prometheus.GaugeValue, func(p *peerFigures) float64 { return float64(p.Clock) / 1000 }},
	{describePeer("holdfast_peer_connected", "1 while there is a connection to send to the peer."), prometheus.GaugeValue, func(p *peerFigures) float64 { return flagged(p.link.Connected) }},
	{describePeer("holdfast_peer_round_trip_seconds", "Time of the last question and answer on the connection to the peer."), prometheus.GaugeValue, func(p *peerFigures) float64 { return p.link.RoundTrip.Seconds() }},
	{describePeer("holdfast_peer_dropped_messages_total", "Messages to the peer that found the queue full; raft repeats them."), prometheus.CounterValue, func(p *peerFigures) float64 { return float64(p.link.Dropped) }},
	{describePeer("holdfast_peer_queued_bytes", "Bytes that wait to be sent to the peer."), prometheus.GaugeValue, func(p *peerFigures) float64 { return float64(p.link.WaitingBytes) }},
	{describePeer("holdfast_peer_sent_bytes_total", "Bytes of messages sent to the peer."), prometheus.CounterValue, func(p *peerFigures) float64 { return float64(p.link.BytesOut) }},
	{describePeer("holdfast_peer_received_bytes_total", "Bytes of messages received from the peer."), prometheus.CounterValue, func(p *peerFigures) float64 { return float64(p.link.BytesIn) }},
}

// groupGauges collects groupList and peerList.
type groupGauges struct {
	node    *shared
	started time.Time
}

// Describe implements prometheus.Collector.
func (g *groupGauges) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range groupList {
		ch <- m.desc
	}
	for _, m := range peerList {
		ch <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (g *groupGauges) Collect(ch chan<- prometheus.Metric) {
	f, ok := lookGroup(g.node)
	if !ok {
		return
	}
	for _, m := range groupList {
		ch <- prometheus.MustNewConstMetric(m.desc, m.kind, m.read(f))
	}
	if g.node.group == nil {
		return
	}
	links := map[uint64]peer.PeerMetrics{}
	for _, l := range g.node.group.transport.Metrics().Peers {
		links[l.RaftID] = l
	}
	named := map[string]bool{}
	for _, p := range f.status.Peers {
		if named[p.Member.Name] { // two lives of one node, while one takes the other's place
			continue
		}
		named[p.Member.Name] = true
		pf := &peerFigures{PeerStatus: p, link: links[p.Member.RaftId], group: f, started: g.started}
		for _, m := range peerList {
			ch <- prometheus.MustNewConstMetric(m.desc, m.kind, m.read(pf), p.Member.Name)
		}
	}
}

// groupObserved are the figures of a cluster that are counted as things happen.
type groupObserved struct {
	forwarded    *prometheus.CounterVec
	snapshotSent prometheus.Counter
}

// The outcomes of a command that was passed on to the leader.
var forwardOutcomes = []string{"answered", "refused", "not_leader", "unknown"}

func newGroupObserved(r prometheus.Registerer) *groupObserved {
	o := &groupObserved{
		forwarded: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "holdfast_forwarded_commands_total",
			Help: "Commands passed on to the leader, by what came of it: answered, refused, not_leader (not taken; tried again), unknown (asked again by identity)."}, []string{"outcome"}),
		snapshotSent: prometheus.NewCounter(prometheus.CounterOpts{Name: "holdfast_snapshot_sent_bytes_total", Help: "Bytes of snapshots that peers have fetched from this node."}),
	}
	for _, outcome := range forwardOutcomes {
		o.forwarded.WithLabelValues(outcome) // a counter that is not there can't rise
	}
	r.MustRegister(o.forwarded, o.snapshotSent)
	return o
}

// passedOn counts a command that went to the leader.
func (o *groupObserved) passedOn(err error) {
	outcome := "answered"
	var refusal *code.Error
	switch {
	case err == nil:
	case errors.As(err, &refusal) && refusal.Code == code.NotLeader:
		outcome = "not_leader"
	case errors.As(err, &refusal) && refusal.Code != code.Unknown:
		outcome = "refused"
	default:
		outcome = "unknown"
	}
	o.forwarded.WithLabelValues(outcome).Inc()
}
