package notice

import (
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// reviveAtOnce bounds how many parked notices one delivery brings back.
const reviveAtOnce = 10

var parked = table.Of[pb.PersonRef, *pb.PersonRef]{ID: table.Parked}

// What a parked notice waits for, in the order in which they are listed. One
// that was revived and failed again waits for a hand: sent with every fresh
// notice, it would cost the merchant more each day and keep others from theirs.
const (
	waitsForDelivery uint32 = 0
	waitsForHand     uint32 = 1
)

// parkedCount's row has no notice id and holds how many the merchant has parked.
func parkedCount(mchid string) table.Key { return table.K(table.Parked).Str(mchid) }

func parkedKey(n *pb.Notice) table.Key {
	waits := waitsForDelivery
	if n.Revived {
		waits = waitsForHand
	}
	return parkedCount(n.Mchid).U32(waits).U64(n.Id)
}

// ParkedCount is how many notices of the merchant are parked.
func ParkedCount(r table.Reader, mchid string) uint64 {
	c, ok := parked.Get(r, parkedCount(mchid))
	if !ok {
		return 0
	}
	return c.Uid
}

func setCount(tx table.Txn, mchid string, n uint64) {
	if n == 0 {
		tx.Delete(parkedCount(mchid))
		return
	}
	parked.Put(tx, parkedCount(mchid), &pb.PersonRef{Uid: n})
}

func park(tx table.Txn, n *pb.Notice) {
	tx.Set(parkedKey(n), nil)
	setCount(tx, n.Mchid, ParkedCount(tx, n.Mchid)+1)
}

// unpark takes a notice off the merchant's parked list, if it is there.
func unpark(tx table.Txn, n *pb.Notice) {
	if _, ok := tx.Get(parkedKey(n)); !ok {
		return
	}
	tx.Delete(parkedKey(n))
	setCount(tx, n.Mchid, ParkedCount(tx, n.Mchid)-1)
}

// revive owes parked notices once more, now that the merchant answers again.
func revive(d *deed.Deed, mchid string) {
	if ParkedCount(d.Tx, mchid) == 0 {
		return
	}
	var ids []uint64
	from, to := table.Prefix(parkedCount(mchid).U32(waitsForDelivery))
	d.Tx.Scan(from, to, func(k, _ []byte) bool {
		f := table.F(k)
		f.Str()
		f.U32()
		ids = append(ids, f.U64())
		return len(ids) < reviveAtOnce
	})
	for _, id := range ids {
		if n, ok := ended.Get(d.Tx, endedKey(id)); ok {
			again(d, n, true)
		}
	}
}

// again moves a ended notice back to the owed ones, due at once.
func again(d *deed.Deed, n *pb.Notice, revived bool) {
	unpark(d.Tx, n)
	Moves.Enter(&n.State, pb.NoticeState_NOTICE_STATE_OWED)
	n.Tries, n.NextAt, n.SettledAt, n.Revived = 0, d.At, 0, revived
	d.Tx.Delete(endedKey(n.Id))
	owed.Put(d.Tx, owedKey(n.Id), n)
}
