package replica_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/engine/identity"
	"github.com/holdfast-pay/holdfast/internal/engine/machine"
	"github.com/holdfast-pay/holdfast/internal/engine/replica"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
)

// cluster is three replicas in one process and a network that loses nothing
// but what is sent to who is gone.
type cluster struct {
	t     *testing.T
	mu    sync.Mutex
	nodes map[uint64]*replica.Replica
	logs  map[uint64]*memLog
	mems  map[uint64]*table.Mem
	// older has the highest level that a node's binary knows, for those that run an
	// older one; stopped is told why a node stopped.
	older   map[uint64]uint32
	stopped chan error
	level   uint32         // that the log begins at
	low     [4]atomic.Bool // by id: its disk takes no writes
}

// wire is the network as one replica has it.
type wire struct{ c *cluster }

func (w wire) SetMembers([]*pb.Member) {}

func (w wire) Send(msg *pb.PeerMessage) {
	if to := w.c.node(msg.To); to != nil {
		to.Receive(msg)
	}
}

func (w wire) Execute(ctx context.Context, leader *pb.Member, cmd *pb.Command) (catalogue.Result, uint64, error) {
	to := w.c.node(leader.RaftId)
	if to == nil {
		return catalogue.Result{}, 0, code.NotLeader.Err()
	}
	res, err := to.Execute(ctx, cmd)
	return res, to.Applied(), err
}

func (c *cluster) node(id uint64) *replica.Replica {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nodes[id]
}

func (c *cluster) open(id uint64, known *pb.Members) (*replica.Replica, error) {
	if c.logs[id] == nil {
		c.logs[id], c.mems[id] = newMemLog(), table.NewMem()
	}
	opt := replica.Options{
		Identity: identity.Identity{ClusterID: 5, RaftID: id, Incarnation: id + 100}, Log: c.logs[id], Backend: c.mems[id], Peers: wire{c}, Known: known,
		Machine:  machine.Options{MaxLevel: c.older[id]},
		SpaceLow: c.low[id].Load, Health: func() *pb.NodeHealth { return c.health(id) },
	}
	if c.stopped != nil {
		opt.Stopped = func(err error) { c.stopped <- err }
	}
	if known == nil {
		opt.Bootstrap = record(id, pb.MemberRole_MEMBER_ROLE_VOTER)
	}
	return replica.Open(opt)
}

// health is what a node tells of itself: it has all data keys, as there are none.
func (c *cluster) health(id uint64) *pb.NodeHealth {
	h := &pb.NodeHealth{DiskLow: c.low[id].Load()}
	if r := c.node(id); r != nil {
		h.KeysAt = r.Applied()
	}
	return h
}

func (c *cluster) start(id uint64, known *pb.Members) *replica.Replica {
	c.t.Helper()
	r, err := c.open(id, known)
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	c.nodes[id] = r
	c.mu.Unlock()
	if err := r.Ready(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	return r
}

func (c *cluster) stop(id uint64) {
	r := c.node(id)
	c.mu.Lock()
	c.nodes[id] = nil
	c.mu.Unlock()
	_ = r.Close() // answers nil
}

func record(id uint64, role pb.MemberRole) *pb.Member {
	return &pb.Member{RaftId: id, Incarnation: id + 100, Name: fmt.Sprintf("n%d", id), Role: role}
}

func (c *cluster) leader() (uint64, *replica.Replica) {
	for {
		for id := range uint64(3) {
			if r := c.node(id + 1); r != nil && r.Leads() {
				return id + 1, r
			}
		}
		select {
		case <-c.t.Context().Done():
			c.t.Fatal("no leader")
		case <-time.After(time.Millisecond):
		}
	}
}

// newCluster starts one replica and lets two more join.
func newCluster(t *testing.T) *cluster {
	c := &cluster{t: t, level: machine.MaxLevel}
	c.begin()
	return c
}

func (c *cluster) begin() {
	t := c.t
	c.nodes, c.logs, c.mems = map[uint64]*replica.Replica{}, map[uint64]*memLog{}, map[uint64]*table.Mem{}
	first := c.start(1, nil)
	t.Cleanup(func() {
		for id := range uint64(3) {
			if c.node(id+1) != nil {
				c.stop(id + 1)
			}
		}
	})
	if _, err := first.Do(t.Context(), catalogue.NewCommand(catalogue.Genesis, "test", "", &pb.Genesis{LogName: "test", Level: c.level})); err != nil {
		t.Fatal(err)
	}
	for id := uint64(2); id <= 3; id++ {
		for {
			if err := first.ChangeMembers(t.Context(), "test", record(id, pb.MemberRole_MEMBER_ROLE_LEARNER)); err == nil {
				break
			}
		}
		c.start(id, first.Status().Members)
		for len(first.Status().Voters) < int(id) {
			<-first.Changed() // its vote comes by itself
		}
	}
}

// Commands through every node count once and reads on every node see what was
// answered anywhere, while the lead is moved and leaders are lost.
func TestGroupAnswersTruly(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	_, r := c.leader()
	res, err := r.Do(t.Context(), catalogue.NewCommand(catalogue.PersonAdd, "test", "", &pb.PersonAdd{Ref: "payer", Name: "payer"}))
	if err != nil || res.Code != code.OK {
		t.Fatal(res, err)
	}
	uid := res.Body.(*pb.Person).Uid
	const topups = 60
	var wg sync.WaitGroup
	for caller := range uint64(3) {
		wg.Go(func() {
			for i := range topups {
				c.topup(uid, caller, i)
			}
		})
	}
	for range 3 {
		_, r := c.leader()
		if err := r.Transfer(t.Context(), 0); err != nil {
			t.Error(err)
		}
		id, _ := c.leader()
		known := c.node(id).Status().Members
		c.stop(id)
		c.leader()
		c.start(id, known)
	}
	wg.Wait()
	for id := range uint64(3) {
		if got := c.balance(id+1, uid); got != 3*topups {
			t.Errorf("n%d: the balance is %d after %d topups of 1", id+1, got, 3*topups)
		}
	}
}

// topup goes through one node, or the next when that is gone, and must then be
// seen on another.
func (c *cluster) topup(uid, caller uint64, i int) {
	cmd := func() *pb.Command {
		return catalogue.NewCommand(catalogue.PersonTopup, "test", "", &pb.PersonTopup{
			Uid: uid, Amount: 1, Currency: money.CNY, Ref: fmt.Sprintf("%d-%d", caller, i), Line: "demo",
		})
	}
	for try := uint64(0); ; try++ {
		r := c.node((caller+try)%3 + 1)
		if r == nil {
			continue
		}
		ctx, cancel := context.WithTimeout(c.t.Context(), 3*time.Second)
		res, err := r.Do(ctx, cmd())
		cancel()
		if err == nil {
			if res.Code != code.OK {
				c.t.Errorf("topup %d-%d: %s", caller, i, res.Code)
			}
			return
		}
	}
}

// balance reads it linearizably on one node.
func (c *cluster) balance(id, uid uint64) (balance int64) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := c.node(id).ReadLatest(ctx, func(r table.Reader) error {
		if a, ok := ledger.Get(r, ledger.UserBalance(uid), money.CNY); ok {
			balance = ledger.Balance(a)
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return balance
}

// When the leader's disk hangs its loop does not: it hands the lead over, and payments
// go on without it. Its caller is told when its own disk has the entry.
func TestHungDiskHandsOver(t *testing.T) {
	c := newCluster(t)
	id, r := c.leader()
	c.logs[id].gate.Lock()
	done := make(chan error, 1)
	add := func(r *replica.Replica, ref string) error {
		_, err := r.Do(t.Context(), catalogue.NewCommand(catalogue.PersonAdd, "test", "", &pb.PersonAdd{Ref: ref, Name: ref}))
		return err
	}
	go func() { done <- add(r, "payer") }()
	await(t, func() bool { return !r.Leads() })
	next, other := c.leader()
	if next == id {
		t.Errorf("%d leads although its disk hangs", id)
	}
	if err := add(other, "friend"); err != nil {
		t.Error(err)
	}
	select {
	case err := <-done:
		t.Errorf("answered before it is on the leader's disk: %v", err)
	default:
	}
	c.logs[id].gate.Unlock()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A read of the newest state waits as long as its caller says; one of this
// node's own waits for nobody.
func TestReadsSayWhatTheyAre(t *testing.T) {
	c := newCluster(t)
	c.stop(2)
	c.stop(3) // nobody is left to say what is newest
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	read := func(table.Reader) error { return nil }
	if got := refusal(t, c.node(1).ReadLatest(ended, read)); got != code.NotLeader {
		t.Errorf("the newest state without a majority: %s", got)
	}
	if err := c.node(1).ReadLocal(t.Context(), read); err != nil {
		t.Errorf("this node's own state: %v", err)
	}
	if got := refusal(t, c.node(1).ReadLocal(ended, read)); got != code.NotLeader {
		t.Errorf("for a caller that is gone: %s", got)
	}
}
