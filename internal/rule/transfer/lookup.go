package transfer

import (
	"bytes"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// StrangersADay is how many phone numbers a person may look up in a business day
// that belong to nobody they have sent money to.
const StrangersADay = 20

// seenSize is how much of a phone tag is remembered, in bytes.
const seenSize = 8

// ApplyPayeeLookup finds who can be paid by a phone number. A number that nobody
// has, and that of a person who is hidden or blocked, come out alike and are
// counted alike: OK with uid 0. A number that was looked up before on the same
// business day counts once, so that repeating the command is safe; so does nobody
// the person has sent money to, nor the person's own number.
//
// Refuses, in this order: PhoneTagInvalid; PersonNotFound, PersonBlocked,
// DeviceUnknown; LookupsTooMany.
func ApplyPayeeLookup(d *deed.Deed, c *pb.PayeeLookup) (code.Code, *pb.Payee) {
	if len(c.PhoneTag) != wallet.TagSize {
		return code.PhoneTagInvalid, nil
	}
	if out := wallet.MayAsk(d.Tx, c.Uid, c.Device); out != code.OK {
		return out, nil
	}
	found := &pb.Payee{Uid: reachable(d.Tx, c.PhoneTag)}
	if found.Uid != 0 && (found.Uid == c.Uid || Knows(d.Tx, c.Uid, found.Uid)) {
		return code.OK, found
	}
	r := reachOf(d.Tx, c.Uid)
	if today := stamp.DayNumber(d.At, d.Offset); r.Day != today {
		r.Day, r.Seen = today, nil
	}
	tag := c.PhoneTag[:seenSize]
	for _, seen := range r.Seen {
		if bytes.Equal(seen, tag) {
			return code.OK, found
		}
	}
	if len(r.Seen) >= StrangersADay {
		return code.LookupsTooMany, nil
	}
	// From here the command succeeds.
	r.Seen = append(r.Seen, tag)
	reaches.Put(d.Tx, reachKey(c.Uid), r)
	d.Record(reachEntity(c.Uid), "", nil)
	return code.OK, found
}

// reachable is the uid behind a phone number that others may find, 0 when there is
// none.
func reachable(r table.Reader, phoneTag []byte) uint64 {
	p, ok := person.ByPhone(r, phoneTag)
	if !ok || !person.TakesMoney(p) || Hidden(r, p.Uid) {
		return 0
	}
	return p.Uid
}

// ApplyPayeeHide says whether others find the person by phone number.
//
// Refuses, in this order: what wallet.CheckAct refuses, NothingToDo.
func ApplyPayeeHide(d *deed.Deed, c *pb.PayeeHide) (code.Code, *pb.Reach) {
	leave, out := wallet.CheckAct(d, c.Uid, c.Consent, false)
	if out != code.OK {
		return out, nil
	}
	r := reachOf(d.Tx, c.Uid)
	if r.Hidden == c.Hidden {
		return code.NothingToDo, r
	}
	// From here the command succeeds.
	r.Hidden = c.Hidden
	reaches.Put(d.Tx, reachKey(c.Uid), r)
	leave.Use(d)
	d.Record(reachEntity(c.Uid), "", nil)
	d.Consent(c.Consent)
	return code.OK, r
}

// Hidden says whether who looks a person up by phone number finds nobody.
func Hidden(r table.Reader, uid uint64) bool { return reachOf(r, uid).Hidden }

func reachOf(r table.Reader, uid uint64) *pb.Reach {
	if rec, ok := reaches.Get(r, reachKey(uid)); ok {
		return rec
	}
	return &pb.Reach{}
}

func reachEntity(uid uint64) string { return "reach/" + strconv.FormatUint(uid, 10) }
