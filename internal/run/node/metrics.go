package node

import (
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
)

// observed are the figures that are counted as things happen; gauges read the
// rest when they are scraped.
type observed struct {
	appendTime, applyTime     prometheus.Histogram
	frameCommands, frameBytes prometheus.Histogram
	commands                  prometheus.Counter
}

func newObserved() *observed {
	fast := prometheus.ExponentialBuckets(0.000_1, 2, 17) // 0.1 ms to 6.5 s
	return &observed{
		appendTime:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: "holdfast_commit_seconds", Help: "Time from a frame's proposal until a majority has it on disk; seen by the leader.", Buckets: fast}),
		applyTime:     prometheus.NewHistogram(prometheus.HistogramOpts{Name: "holdfast_apply_seconds", Help: "Time for a frame to be applied to the state.", Buckets: fast}),
		frameCommands: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "holdfast_frame_commands", Help: "Commands in a frame.", Buckets: prometheus.ExponentialBuckets(1, 2, 14)}),
		frameBytes:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: "holdfast_frame_bytes", Help: "Size of a frame in bytes.", Buckets: prometheus.ExponentialBuckets(128, 4, 9)}),
		commands:      prometheus.NewCounter(prometheus.CounterOpts{Name: "holdfast_commands_total", Help: "Commands applied since the start."}),
	}
}

// frame is told of every applied frame.
func (o *observed) frame(f replica.FrameStats) {
	if f.Append > 0 { // the leader's own frames
		o.appendTime.Observe(f.Append.Seconds())
	}
	o.applyTime.Observe(f.Apply.Seconds())
	o.frameCommands.Observe(float64(f.Commands))
	o.frameBytes.Observe(float64(f.Bytes))
	o.commands.Add(float64(f.Commands))
}

// Metrics implements Part: the process's figures and the node's.
func (n *administration) Metrics() []prometheus.Collector {
	return []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&gauges{n.shared}, &doorGauges{n.shared}, droppedLines(n.opt.LogDropped),
		&figuresOf{[]*prometheus.Desc{certificateLeft}, n.certificates},
	}
}

// droppedLines counts what the log lacks, so that its silence is not taken for peace.
func droppedLines(dropped func() uint64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "holdfast_log_lines_dropped_total",
		Help: "Log lines that were dropped because nobody read them in time."}, func() float64 {
		if dropped == nil {
			return 0
		}
		return float64(dropped())
	})
}

// figuresOf collects some figures of a part.
type figuresOf struct {
	descs   []*prometheus.Desc
	collect func(chan<- prometheus.Metric)
}

// Describe implements prometheus.Collector.
func (f *figuresOf) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range f.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (f *figuresOf) Collect(ch chan<- prometheus.Metric) { f.collect(ch) }

// gauge is a figure read when it is asked for.
type gauge struct {
	desc *prometheus.Desc
	read func(*figures) float64
}

// figures is one consistent look at the node.
type figures struct {
	node        *shared
	applied     uint64
	size        uint64
	owed        uint64
	oldestMs    int64
	lag         uint64
	checkpoint  uint64
	ready, free float64
}

func describe(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }

var gaugeList = []gauge{
	{describe("holdfast_ready", "1 while the node takes payments."), func(f *figures) float64 { return f.ready }},
	{describe("holdfast_read_only", "1 while the node refuses writes because a command stopped it twice."), func(f *figures) float64 { return flagged(f.node.readOnly() != "") }},
	{describe("holdfast_disk_free_bytes", "Free bytes of the data folder's disk."), func(f *figures) float64 { return f.free }},
	{describe("holdfast_disk_low", "1 while writes are refused: the disk is full, has no room for more files, or is read-only."), func(f *figures) float64 { return flagged(f.node.space.Low()) }},
	{describe("holdfast_applied_index", "Log index of the last applied frame."), func(f *figures) float64 { return float64(f.applied) }},
	{describe("holdfast_commands_waiting", "Commands that wait for a frame."), func(f *figures) float64 { return float64(f.node.replica.Waiting()) }},
	{describe("holdfast_journal_entries", "Entries in the journal."), func(f *figures) float64 { return float64(f.size) }},
	{describe("holdfast_checkpoint_entries", "Entries that the published checkpoint covers."), func(f *figures) float64 { return float64(f.checkpoint) }},
	{describe("holdfast_notices_owed", "Notices that have not been delivered."), func(f *figures) float64 { return float64(f.owed) }},
	{describe("holdfast_oldest_notice_age_seconds", "Age of the oldest undelivered notice: the first service level."), func(f *figures) float64 { return float64(f.oldestMs) / 1000 }},
	{describe("holdfast_view_lag_entries", "Journal entries that the views don't include yet."), func(f *figures) float64 { return float64(f.lag) }},
	{describe("holdfast_log_first_index", "First index kept in the log."), func(f *figures) float64 { return float64(f.node.raftLog.Metrics().FirstIndex) }},
	{describe("holdfast_log_bytes", "Size of the log's files."), func(f *figures) float64 { return float64(f.node.raftLog.Metrics().DiskBytes) }},
	{describe("holdfast_state_bytes", "Size of the state's files."), func(f *figures) float64 { return float64(f.node.store.Metrics().DiskBytes) }},
	{describe("holdfast_state_compaction_debt_bytes", "Bytes the state's store still has to compact."), func(f *figures) float64 { return float64(f.node.store.Metrics().CompactionDebtBytes) }},
	{describe("holdfast_state_write_stalls", "Times commits were held back since the start."), func(f *figures) float64 { return float64(f.node.store.Metrics().WriteStalls) }},
}

func flagged(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

// gauges collects gaugeList and the build.
type gauges struct{ node *shared }

var buildInfo = prometheus.NewDesc("holdfast_build_info", "The running version; always 1.", []string{"version", "go"}, nil)

// Describe implements prometheus.Collector.
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	ch <- buildInfo
	for _, m := range gaugeList {
		ch <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	goVersion := "unknown"
	if b, ok := debug.ReadBuildInfo(); ok {
		goVersion = b.GoVersion
	}
	ch <- prometheus.MustNewConstMetric(buildInfo, prometheus.GaugeValue, 1, g.node.opt.Version, goVersion)
	f, ok := look(g.node)
	if !ok {
		ch <- prometheus.MustNewConstMetric(gaugeList[0].desc, prometheus.GaugeValue, 0)
		return
	}
	for _, m := range gaugeList {
		ch <- prometheus.MustNewConstMetric(m.desc, prometheus.GaugeValue, m.read(f))
	}
}

// look reads one snapshot; false while the node is starting or stopping.
func look(n *shared) (*figures, bool) {
	if !n.inUse.begin() {
		return nil, false
	}
	defer n.inUse.end()
	f := &figures{node: n, ready: flagged(n.notReady() == ""), free: float64(n.space.Last().Free)}
	if cp, ok := n.journal.publisher.Latest(); ok {
		f.checkpoint = cp.Size
	}
	err := n.replica.ReadLocal(n.ctx, func(r table.Reader) error {
		head, ok := machine.Head(r)
		if !ok {
			return nil
		}
		f.applied, f.size = head.AppliedIndex, head.JournalSize
		if next := n.views.Next(); next < f.size {
			f.lag = f.size - next
		}
		f.owed, f.oldestMs = admin.Owed(r, head, n.replica.Now())
		return nil
	})
	return f, err == nil
}
