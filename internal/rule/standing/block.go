package standing

import (
	"unicode/utf8"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

// maxReason bounds the operator's own words, in characters.
const maxReason = 200

// ApplyBlock blocks a person, or lets them go on: then an appeal that waits is
// granted.
//
// Refuses, in this order: ReasonNeeded, PersonNotFound.
func ApplyBlock(d *deed.Deed, c *pb.PersonBlock) (code.Code, *pb.Person) {
	_, known := pb.BlockReason_name[int32(c.Why)]
	if !known || !utf8.ValidString(c.Reason) || utf8.RuneCountInString(c.Reason) > maxReason || c.Blocked && c.Reason == "" {
		return code.ReasonNeeded, nil
	}
	p, ok := person.Get(d.Tx, c.Uid)
	if !ok {
		return code.PersonNotFound, nil
	}
	reason, why := c.Reason, c.Why
	if !c.Blocked {
		reason, why = "", 0
	}
	if p.Blocked == c.Blocked && p.BlockReason == reason && p.BlockWhy == why {
		return code.OK, p
	}
	// From here the command succeeds.
	if c.Blocked {
		person.SetBlocked(d, p, why, reason)
	} else {
		release(d, p)
	}
	return code.OK, p
}

// release lets a person go on, whatever they appealed for.
func release(d *deed.Deed, p *pb.Person) {
	person.SetFree(d, p)
	if a, ok := Of(d.Tx, p.Uid); ok && waits(a) {
		decide(d, a, pb.AppealState_APPEAL_STATE_GRANTED, nil)
	}
}
