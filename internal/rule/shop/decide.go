package shop

import (
	"bytes"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/staff"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

// ApplyDecide approves a shop, or refuses it with a reason; who decides is the
// command's actor. An approval makes the merchant with its account, the person its
// owner among the staff, and a till with the token of its printed code. The same
// decision again changes nothing.
//
// Refuses, in this order: ShopRefusalInvalid (a refusal without one), SealedInvalid;
// ShopNotFound; ShopDecided (otherwise); and an approval PersonBlocked (erased, too),
// MerchantExists (somebody was given the shop's number), TillTokenInvalid.
func ApplyDecide(d *deed.Deed, c *pb.ShopDecide) (code.Code, *pb.Shop) {
	switch {
	case c.Approve != (c.Refusal == 0) || pb.ShopRefusal_name[int32(c.Refusal)] == "":
		return code.ShopRefusalInvalid, nil
	case c.Words != nil && !person.ValidSealed(c.Words):
		return code.SealedInvalid, nil
	}
	s, ok := Get(d.Tx, c.Id)
	switch {
	case !ok:
		return code.ShopNotFound, nil
	case s.State == decision(c) && s.Refusal == c.Refusal && bytes.Equal(s.Words.GetHash(), c.Words.GetHash()):
		return code.OK, s
	case s.State != pb.ShopState_SHOP_STATE_WAITING:
		return code.ShopDecided, s
	}
	if c.Approve {
		if out := mayOpen(d, s, c.TillToken); out != code.OK {
			return out, s
		}
	}
	// From here the command succeeds.
	if c.Approve {
		open(d, s, c.TillToken)
	} else {
		s.Picture = nil
	}
	s.DecidedAt, s.DecidedBy, s.DecideSeq, s.Refusal, s.Words = d.At, d.Actor, d.Seq(), c.Refusal, c.Words
	Moves.Enter(&s.State, decision(c))
	d.Tx.Delete(waitingKey(s.Id))
	shops.Put(d.Tx, key(s.Id), s)
	record(d, s, s.ClientId, nil)
	return code.OK, s
}

func decision(c *pb.ShopDecide) pb.ShopState {
	if c.Approve {
		return pb.ShopState_SHOP_STATE_APPROVED
	}
	return pb.ShopState_SHOP_STATE_REFUSED
}

// mayOpen checks all that open needs.
func mayOpen(d *deed.Deed, s *pb.Shop, token []byte) code.Code {
	if p, ok := person.Peek(d.Tx, s.Uid); !ok || !person.TakesMoney(p) {
		return code.PersonBlocked
	}
	if _, ok := merchant.Peek(d.Tx, Mchid(s.Id)); ok {
		return code.MerchantExists
	}
	if _, ok := till.ByToken(d.Tx, token); ok || len(token) != till.TokenSize {
		return code.TillTokenInvalid
	}
	return code.OK
}

// open makes everything of a shop. Nothing of it can be refused after mayOpen.
func open(d *deed.Deed, s *pb.Shop, token []byte) {
	s.Mchid = Mchid(s.Id)
	out, _ := merchant.ApplyAdd(d, &pb.MerchantAdd{Mchid: s.Mchid, Name: s.Name, Appids: []string{appid(s.Id)}})
	must.That(out == code.OK, "merchant %s of an approved shop: %s", s.Mchid, out)
	out, owner := staff.ApplyAdd(d, &pb.StaffAdd{Mchid: s.Mchid, Ref: OwnerRef, Roles: []pb.StaffRole{pb.StaffRole_STAFF_ROLE_OWNER}, Uid: s.Uid})
	must.That(out == code.OK, "the owner of merchant %s: %s", s.Mchid, out)
	out, first := till.ApplyAdd(d, &pb.TillAdd{Mchid: s.Mchid, Name: firstTill(s), Token: token})
	must.That(out == code.OK, "the till of merchant %s: %s", s.Mchid, out)
	s.Owner, s.Till = owner.Id, first.Id
}
