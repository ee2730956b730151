package notice

import (
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Two couriers may send one notice when its lane passes from one to the other:
// the first was paused with the request in the air, or died before it reported.
// Both then report an attempt under one number. Merchants handle a repeated
// notice as documented; what is kept here is that it happened.

// double marks a delivery under a number that another attempt has taken; false
// when that attempt is this very one, reported again, or is not remembered any
// more. A notice still owed in the round of that attempt is ended: the
// merchant has it.
func double(d *deed.Deed, a *pb.Attempt) bool {
	n, ok := Get(d.Tx, a.NoticeId)
	if !ok || a.Number == 0 || a.Number > n.Attempts || known(n, a) {
		return false
	}
	i := len(n.Recent) - 1 - int(n.Attempts-a.Number)
	if i < 0 {
		return false
	}
	n.Duplicates++
	n.LastDuplicate = a
	switch {
	case n.State != pb.NoticeState_NOTICE_STATE_OWED:
		ended.Put(d.Tx, endedKey(n.Id), n)
	case a.Number > n.Attempts-n.Tries:
		settle(d, n, pb.NoticeState_NOTICE_STATE_DELIVERED)
		revive(d, n.Mchid)
	default: // it was owed again since then
		owed.Put(d.Tx, owedKey(n.Id), n)
	}
	return true
}

// known says whether the attempt is remembered as it is. One that was recorded
// before attempts remembered their courier is anybody's.
func known(n *pb.Notice, a *pb.Attempt) bool {
	same := func(b *pb.Attempt) bool {
		return b.GetNumber() == a.Number && b.GetAt() == a.At && b.GetTookUs() == a.TookUs &&
			(b.GetCourier() == a.Courier || b.GetCourier() == "")
	}
	for _, b := range n.Recent {
		if same(b) {
			return true
		}
	}
	return same(n.LastDuplicate)
}
