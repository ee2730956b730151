package courier

import (
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// bodyFor is how long a notice's content is kept: a merchant's key or callback
// rules may change while its notices wait.
const bodyFor = time.Minute

// bodies keeps the contents of notices that are about to be sent. Dropping one
// is never wrong: Fetch has it.
type bodies struct {
	most  int
	by    map[uint64]body
	swept time.Time
}

type body struct {
	owed *pb.OwedNotice
	came time.Time
}

func newBodies(most int) bodies { return bodies{most: most, by: map[uint64]body{}} }

// put keeps a content if there is room.
func (b *bodies) put(n *pb.OwedNotice, now time.Time) {
	if now.Sub(b.swept) > bodyFor {
		b.swept = now
		for id, x := range b.by {
			if now.Sub(x.came) > bodyFor {
				delete(b.by, id)
			}
		}
	}
	if len(b.by) < b.most {
		b.by[n.Notice.Id] = body{n, now}
	}
}

// take removes and returns a content that is recent; nil when there is none.
func (b *bodies) take(id uint64, now time.Time) *pb.OwedNotice {
	x, ok := b.by[id]
	if !ok {
		return nil
	}
	delete(b.by, id)
	if now.Sub(x.came) > bodyFor {
		return nil
	}
	return x.owed
}

func (b *bodies) clear() { clear(b.by) }
