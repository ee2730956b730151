package person

import (
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// SetBlocked blocks a person, with what they are told and the operator's own words.
// Of one who is blocked the reason changes, and since when stays. It is recorded.
func SetBlocked(d *deed.Deed, p *pb.Person, why pb.BlockReason, reason string) {
	if !p.Blocked {
		p.BlockedAt = d.At
	}
	p.Blocked, p.BlockWhy, p.BlockReason = true, why, reason
	persons.Put(d.Tx, key(p.Uid), p)
	d.Record(entity(p.Uid), "", nil)
}

// SetFree lets a person go on. It is recorded.
func SetFree(d *deed.Deed, p *pb.Person) {
	p.Blocked, p.BlockWhy, p.BlockReason, p.BlockedAt = false, 0, "", 0
	persons.Put(d.Tx, key(p.Uid), p)
	d.Record(entity(p.Uid), "", nil)
}
