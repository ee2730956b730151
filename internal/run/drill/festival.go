package drill

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// The festival: everybody throws packets of so much into the group, and everybody
// grabs what the others throw.
const (
	guests       = 12
	purse  int64 = 500_00
	inside int64 = 88
	// calm is how long the nodes are left alone between two kills.
	calm = 2 * time.Second
)

var festival = Drill{
	Name: "festival", Account: "B: the night the notifications stalled; C: paying over 2G, and red packets", Short: "red packets are thrown and grabbed at full rate while nodes are killed",
	run: func(ctx context.Context, g *Ground, o Options) error {
		f := &feast{g: g, by: map[string]int{}, got: map[string]int64{}, shares: map[string]map[int]int64{}}
		for i := range guests {
			p, err := g.enrol(ctx, i, fmt.Sprintf("客人%d", i+1), purse)
			if err != nil {
				return err
			}
			f.guests = append(f.guests, p)
		}
		if err := f.celebrate(ctx, time.Duration(o.Seconds)*time.Second); err != nil {
			return err
		}
		return f.count(ctx)
	},
}

// feast is one run of the drill, and its own books.
type feast struct {
	g      *Ground
	guests []*person

	mu      sync.Mutex
	thrown  []string                 // links
	by      map[string]int           // who threw it, by link
	got     map[string]int64         // fen, by link
	shares  map[string]map[int]int64 // by link and guest
	calls   int
	kills   int
	paused  int // calls that a limit of the person's refused
	minute  int // of business time, as it was moved on
	clock   sync.WaitGroup
	slowest time.Duration // without an answer
	unsure  []error       // what nobody answered
}

// celebrate has everybody throw and grab until the time is over, and nodes killed in
// turn meanwhile.
func (f *feast) celebrate(ctx context.Context, length time.Duration) error {
	party, over := context.WithTimeout(ctx, length)
	defer over()
	var all sync.WaitGroup
	for i := range f.guests {
		all.Go(func() { f.guest(ctx, party, i) })
	}
	var err error
	for turn := 0; party.Err() == nil && err == nil; turn++ {
		n := f.g.Nodes[turn%len(f.g.Nodes)]
		var pid int
		if pid, err = f.g.kill(n); err == nil {
			f.kills++
			err = f.g.awaitBack(ctx, n, pid)
		}
		select {
		case <-party.Done():
		case <-time.After(calm):
		}
	}
	all.Wait()
	f.clock.Wait()
	return err
}

// guest throws a packet and grabs from those that were thrown since, in turn.
func (f *feast) guest(ctx, party context.Context, me int) {
	c, seen := f.guests[me].firstAt(me), 0
	for party.Err() == nil {
		if !f.throw(ctx, c, me) {
			return
		}
		f.mu.Lock()
		fresh := slices.Clone(f.thrown[seen:])
		f.mu.Unlock()
		seen += len(fresh)
		for _, link := range fresh {
			if party.Err() != nil || !f.grab(ctx, c, me, link) {
				break
			}
		}
	}
}

func (f *feast) throw(ctx context.Context, c *walletclient.Client, me int) bool {
	q := &walletclient.ThrowPacketRequest{ClientId: walletclient.NewID(), Count: guests / 2, Total: inside, Lucky: true}
	var v *walletclient.PacketView
	if done, may := f.call(func() (err error) { v, err = c.ThrowPacket(ctx, q); return err }); !done {
		return may
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.thrown = append(f.thrown, v.Link)
	f.by[v.Link] = me
	return true
}

func (f *feast) grab(ctx context.Context, c *walletclient.Client, me int, link string) bool {
	q := &walletclient.OpenPacketRequest{Link: link, Nonce: make([]byte, 16)}
	rand.Read(q.Nonce)
	var v *walletclient.PacketView
	if done, may := f.call(func() (err error) { v, err = c.OpenPacket(ctx, q); return err }); !done {
		return may
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.shares[link] == nil {
		f.shares[link] = map[int]int64{}
	}
	f.shares[link][me] = v.Mine
	f.got[link] += v.Mine
	return true
}

// call makes a call and notes how long it took. done says that it did what was asked,
// may that the guest may go on.
func (f *feast) call(do func() error) (done, may bool) {
	f.mu.Lock()
	minute := f.minute
	f.mu.Unlock()
	began := time.Now()
	err := do()
	took := time.Since(began)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	f.slowest = max(f.slowest, took)
	switch {
	case err == nil:
		return true, true
	case walletclient.Refused(err, code.PacketTaken.String()):
		return false, true
	case walletclient.Refused(err, code.BalanceTooLow.String()):
		f.paused++
		return false, true
	case walletclient.Refused(err, code.TooManyActs.String()):
		f.paused++
		if minute == f.minute {
			f.minute++ // for all who were put off in it
			f.clock.Go(f.later)
		}
		return false, true
	}
	f.unsure = append(f.unsure, err)
	return false, false
}

// later moves business time on by a minute: people may throw so many packets in one, and
// the feast is to show what the platform can do. When a killed node loses the call, the
// next minute that somebody is put off in makes another.
func (f *feast) later() {
	if err := f.g.advance(time.Minute); err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.minute++ // or nobody would try again
	}
}

// count looks at every packet and at every balance, on each node.
func (f *feast) count(ctx context.Context) error {
	f.report()
	want := make([]int64, guests)
	for i := range want {
		want[i] = purse
	}
	var wrong []string
	inPackets := int64(0)
	for _, link := range f.thrown {
		by := f.by[link]
		v, err := f.guests[by].firstAt(by).ShowPacket(ctx, &walletclient.ShowPacketRequest{Link: link})
		if err != nil {
			return fmt.Errorf("look at packet %s: %w", link, err)
		}
		sum := int64(0)
		for _, t := range v.Taken {
			sum += t.Amount
		}
		if v.State == "taken" && sum != inside || sum > inside || len(v.Taken) > guests/2 || sum != f.got[link] {
			wrong = append(wrong, fmt.Sprintf("%d: %d of %d fen in %d shares, told %d", v.Packet, sum, inside, len(v.Taken), f.got[link]))
		}
		want[by] -= inside
		for i, fen := range f.shares[link] { // order does not matter
			want[i] += fen
		}
		inPackets += inside - sum
	}
	f.g.told(Result{Requirement: "R2.6", OK: len(wrong) == 0, Detail: "packets whose shares are one a person and add up to the last fen",
		Measured: fmt.Sprintf("%d of %d%s", len(f.thrown)-len(wrong), len(f.thrown), first(wrong)), Promised: "all"})
	return f.balances(ctx, want, inPackets)
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return ", not " + list[0]
}

// report says how full and how fast the feast was.
func (f *feast) report() {
	shares := 0
	for _, s := range f.shares { // order does not matter
		shares += len(s)
	}
	f.g.told(Result{Requirement: "R2.6", OK: len(f.thrown) > 0 && shares > 0, Detail: fmt.Sprintf("packets thrown and shares grabbed, %d nodes killed, %d calls, %d of them put off by a person's own limits", f.kills, f.calls, f.paused),
		Measured: fmt.Sprintf("%d packets, %d shares", len(f.thrown), shares), Promised: "more than none"})
	longest := Result{Requirement: "R1.5", OK: f.slowest <= answerWithin && len(f.unsure) == 0, Detail: "the longest that anybody was without an answer", Measured: seconds(f.slowest), Promised: seconds(answerWithin)}
	if len(f.unsure) > 0 {
		longest.Measured = fmt.Sprintf("%d calls came to something else, such as %v", len(f.unsure), f.unsure[0])
	}
	f.g.told(longest)
}

func (f *feast) balances(ctx context.Context, want []int64, inPackets int64) error {
	for i, n := range f.g.Nodes {
		got, err := f.g.balances(ctx, i, f.guests)
		if err != nil {
			return err
		}
		total := inPackets
		for _, fen := range got {
			total += fen
		}
		f.g.told(Result{Requirement: "R1.9", OK: slices.Equal(got, want) && total == guests*purse, Detail: "balances as " + n.Name + " says them, with what is still in packets, fen",
			Measured: fmt.Sprint(total), Promised: fmt.Sprint(guests * purse)})
	}
	return nil
}
