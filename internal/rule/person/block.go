package person

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// ApplyBlock blocks a person, or lets them go on.
//
// Refuses, in this order: ReasonNeeded, PersonNotFound.
func ApplyBlock(d *deed.Deed, c *pb.PersonBlock) (code.Code, *pb.Person) {
	if !short(c.Reason, 200) || c.Blocked && c.Reason == "" {
		return code.ReasonNeeded, nil
	}
	p, ok := Get(d.Tx, c.Uid)
	if !ok {
		return code.PersonNotFound, nil
	}
	reason := c.Reason
	if !c.Blocked {
		reason = ""
	}
	if p.Blocked == c.Blocked && p.BlockReason == reason {
		return code.OK, p
	}
	p.Blocked, p.BlockReason = c.Blocked, reason
	persons.Put(d.Tx, key(p.Uid), p)
	d.Record(entity(p.Uid), "", nil)
	return code.OK, p
}
