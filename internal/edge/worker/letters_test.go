package worker_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/owed"
	"github.com/holdfast-pay/holdfast/internal/edge/worker"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.Cleanup(os.Exit)) }

// Letters are a whole kind of owed work besides notices: letters that clerks send.
// What follows is all that a kind needs: its commands, its description for the
// nodes, and what its workers do. Its tables are some that nothing else here uses.
var (
	clerks      = lane.Work{Table: table.Batches, Worker: "clerk"}
	clerkLease  = catalogue.Returning(4060, "clerk_lease", clerks.Lease).From(lane.Level)
	lettersSent = catalogue.Plain(4061, "letters_sent", applySent)
	letterRows  = table.Of[pb.DueNotice, *pb.DueNotice]{ID: table.Refunds}

	letters = owed.Kind[*pb.DueNotice, told]{
		Work: clerks, Lease: clerkLease, Rows: table.Refunds, Decode: letterRows.Decode,
		Owner: (*pb.DueNotice).GetMchid, Since: (*pb.DueNotice).GetCreatedAt,
		Message: func(_ table.Reader, n owed.News[*pb.DueNotice]) (told, error) { return told{n.Now, n.Rows}, nil },
	}
)

// applySent takes letters that were sent off the list.
func applySent(d *deed.Deed, c *pb.FetchRequest) code.Code {
	for _, number := range c.Ids {
		key := table.K(table.Refunds).U64(number)
		if _, ok := d.Tx.Get(key); ok {
			d.Tx.Delete(key)
			d.Record("letter/"+strconv.FormatUint(number, 10), "", nil)
		}
	}
	return code.OK
}

// told is what a stream says of letters, taken what the node says to a report.
type told struct {
	now  int64
	rows []*pb.DueNotice
}

func (m told) GetNow() int64 { return m.now }

type taken uint64

func (a taken) GetApplied() uint64 { return uint64(a) }

// clerk sends letters: it writes the number of each into its book.
type clerk struct {
	name    string
	office  *office
	link    *worker.Link[told, uint64, taken]
	waiting map[uint64]string // the owners of letters, by number
	busy    map[uint64]string
	calls   sync.WaitGroup
}

// Told implements worker.Hands.
func (c *clerk) Told(m told, first bool) {
	if first {
		clear(c.waiting)
	}
	for _, l := range m.rows {
		if _, sent := c.busy[l.Id]; !sent {
			c.waiting[l.Id] = l.Mchid
		}
	}
}

// Reported implements worker.Hands.
func (c *clerk) Reported(sent []uint64, _ taken) {
	for _, number := range sent {
		delete(c.busy, number)
	}
}

// Refused implements worker.Hands.
func (c *clerk) Refused(number uint64, _ error) { delete(c.busy, number) }

// Busy implements worker.Hands.
func (c *clerk) Busy(set lane.Set) bool {
	for _, owner := range c.busy {
		if set.Has(lane.Of(owner)) {
			return true
		}
	}
	return false
}

// Forget implements worker.Hands.
func (c *clerk) Forget(bool) { clear(c.waiting) }

// Lost implements worker.Hands.
func (c *clerk) Lost() {
	for number, owner := range c.waiting {
		if !c.link.May(owner) {
			delete(c.waiting, number)
		}
	}
}

// run works until ctx ends, and leaves nothing undone that it has begun.
func (c *clerk) run(ctx context.Context) {
	life := context.WithoutCancel(ctx)
	reading, stopReading := context.WithCancel(life)
	c.link.Open(reading)
	for !(ctx.Err() != nil && c.link.Quiet()) {
		c.link.Act(life, time.Now())
		for number, owner := range c.waiting {
			if ctx.Err() == nil && c.link.MaySend(owner, c.link.Lapse()) {
				delete(c.waiting, number)
				c.busy[number] = owner
				c.office.send(c.name, number)
				c.link.Report(number)
			}
		}
		select {
		case event := <-c.link.Events():
			event()
		case <-time.After(c.link.WakeIn(time.Now(), time.Hour)):
		case <-done(ctx, c.link.Stop):
		}
	}
	c.link.Leave()
	stopReading()
	c.calls.Wait()
}

// done is ctx's end while the worker has not noticed it.
func done(ctx context.Context, stop func()) <-chan struct{} {
	if ctx.Err() != nil {
		stop()
		return nil
	}
	return ctx.Done()
}

// Lease, Owed and Report implement worker.Platform: the node, called directly.
func (c *clerk) Lease(ctx context.Context, req *pb.LeaseRequest) (*pb.LeaseResponse, error) {
	req.Courier = c.name
	return c.office.svc.Lease(ctx, req)
}

func (c *clerk) Owed(ctx context.Context, req *pb.OwedRequest) (worker.Stream[told], error) {
	req.Courier = c.name
	s := stream{messages: make(chan told), ended: make(chan error, 1)}
	go func() {
		s.ended <- c.office.svc.Stream(ctx, req, func(m told) error {
			select {
			case s.messages <- m:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	return s, nil
}

func (c *clerk) Report(ctx context.Context, numbers []uint64) (taken, error) {
	_, applied, err := owed.Report(ctx, c.office.svc, c.name, numbers, lettersSent, &pb.FetchRequest{Ids: numbers})
	return taken(applied), err
}

type stream struct {
	messages chan told
	ended    chan error
}

func (s stream) Receive() (told, error) {
	select {
	case m := <-s.messages:
		return m, nil
	case err := <-s.ended:
		return told{}, err
	}
}

func (s stream) Close() error { return nil }

// office is a node that knows letters alone, with a book of what was sent by whom.
type office struct {
	svc *owed.Service[*pb.DueNotice, told]
	set *catalogue.Set
	mem *table.Mem

	mu      sync.Mutex
	overlay *table.Overlay
	applied uint64
	changed chan struct{}
	book    map[uint64][]string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	set, err := catalogue.NewSet(&catalogue.Rule{Name: "letters", Commands: []*catalogue.Spec{clerkLease.Spec, lettersSent.Spec}})
	if err != nil {
		t.Fatal(err)
	}
	o := &office{set: set, mem: table.NewMem(), changed: make(chan struct{}), book: map[uint64][]string{}}
	o.overlay = table.NewOverlay(o.mem)
	o.svc = owed.New(o, letters)
	o.frame(func(d *deed.Deed) {
		table.Of[pb.Head, *pb.Head]{ID: table.Head}.Put(d.Tx, table.K(table.Head), &pb.Head{LogName: "test.example", Level: lane.Level})
	})
	return o
}

// frame applies what f does.
func (o *office) frame(f func(*deed.Deed)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.overlay.Reset()
	f(&deed.Deed{Tx: o.overlay, Mem: o.overlay.Arena(), Head: &pb.Head{Level: lane.Level}, Stamp: stamp.Stamp{At: o.Now()}})
	digests := map[table.ID]*table.Digest{table.Head: {}, clerks.Table: {}, letters.Rows: {}}
	if err := o.mem.Commit(o.overlay.Flush(digests)); err != nil {
		panic(err)
	}
	o.applied++
	close(o.changed)
	o.changed = make(chan struct{})
}

// owe makes letters owed to as many owners.
func (o *office) owe(from, to uint64) {
	o.frame(func(d *deed.Deed) {
		for number := from; number < to; number++ {
			letterRows.Put(d.Tx, table.K(table.Refunds).U64(number), &pb.DueNotice{Id: number, Mchid: fmt.Sprint("owner ", number), CreatedAt: d.Stamp.At})
		}
	})
}

func (o *office) send(clerk string, number uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.book[number] = append(o.book[number], clerk)
}

// Do implements owed.Core.
func (o *office) Do(_ context.Context, cmd *pb.Command) (res catalogue.Result, err error) {
	o.frame(func(d *deed.Deed) { res, err = o.set.Command(catalogue.Number(cmd.Number)).Run(d, cmd.Body) })
	return res, err
}

func (o *office) ReadLocal(_ context.Context, f func(table.Reader) error) error {
	snap := o.mem.Snapshot()
	defer snap.Close()
	return table.Read(snap, f)
}

func (o *office) Applied() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.applied
}

func (o *office) Now() int64 { return time.Now().UnixMilli() }

func (o *office) Changed() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.changed
}

// hire starts a clerk; stop ends it.
func (o *office) hire(name string) (stop func()) {
	c := &clerk{name: name, office: o, waiting: map[uint64]string{}, busy: map[uint64]string{}}
	c.link = worker.NewLink(worker.Options[told, uint64, taken]{
		Platform: c, Hands: c, Worker: "clerk", Lease: 10 * time.Second, MaxReports: 100,
		Log: slog.New(slog.DiscardHandler), Go: c.calls.Go, Connected: func(bool) {},
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { c.run(ctx); close(ended) }()
	return func() { cancel(); <-ended }
}

// Clerks share letters as couriers share notices, by their own leases: each letter
// is sent once, whoever comes and goes.
func TestASecondKindOfWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.owe(1, 101)
		stop1 := o.hire("c1")
		time.Sleep(5 * time.Second)
		stop2 := o.hire("c2")
		time.Sleep(20 * time.Second) // c1 learns of its share, and gives up the rest
		o.owe(101, 301)
		time.Sleep(5 * time.Second)
		stop1()
		o.owe(301, 401)
		time.Sleep(5 * time.Second)
		stop2()
		snap := o.mem.Snapshot()
		defer snap.Close()
		if left := len(clerks.Workers(snap)); left != 0 || len(lane.Couriers(snap)) != 0 {
			t.Errorf("%d clerks hold lanes after they left, and %d couriers", left, len(lane.Couriers(snap)))
		}
		by := map[string]int{}
		for number := uint64(1); number < 401; number++ {
			if len(o.book[number]) != 1 {
				t.Errorf("letter %d was sent by %v", number, o.book[number])
				continue
			}
			by[o.book[number][0]]++
			if _, ok := letterRows.Get(snap, table.K(table.Refunds).U64(number)); ok {
				t.Errorf("letter %d is still owed", number)
			}
		}
		if counts := []int{by["c1"], by["c2"]}; slices.Min(counts) < 150 {
			t.Errorf("the clerks sent %v", by)
		}
	})
}
