package shop

import (
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/staff"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

var invariants = []catalogue.Invariant{
	catalogue.Numbered("shops", ids, Entity, all),
	{Name: "shops are found by their people's names for them", Check: found},
	{Name: "shops that wait are listed, and no others", Check: listed},
	{Name: "an approved shop has its merchant, owner and till", Check: opened},
	{Name: "nothing is left of a refused shop's picture", Check: dropped},
	{Name: "only approved shops are taken out of", Check: tookFromOpen},
}

func all(r table.Reader, visit func(*pb.Shop) bool) { Scan(r, 0, visit) }

func found(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, 0, func(s *pb.Shop) bool {
		if ref, ok := refs.Get(r, numberKey(s.Uid, s.ClientId)); !ok || ref.Id != s.Id {
			return report(Entity(s.Id), "is not found by its person's name for it, %d/%s", s.Uid, s.ClientId)
		}
		return true
	})
}

func listed(r table.Reader, _ *pb.Head, report catalogue.Report) {
	list := map[uint64]bool{}
	Waiting(r, 0, func(id uint64) bool {
		list[id] = true
		return true
	})
	more := true
	Scan(r, 0, func(s *pb.Shop) bool {
		if list[s.Id] != (s.State == pb.ShopState_SHOP_STATE_WAITING) {
			more = report(Entity(s.Id), "is listed as waiting: %v, which its state does not say", list[s.Id])
		}
		delete(list, s.Id)
		return more
	})
	if more && len(list) > 0 {
		report("shops", "that are not there are listed as waiting: %d", len(list))
	}
}

func opened(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, 0, func(s *pb.Shop) bool {
		if s.State != pb.ShopState_SHOP_STATE_APPROVED {
			return true
		}
		_, ok := merchant.Peek(r, s.Mchid)
		owner, ok2 := staff.Peek(r, s.Owner)
		place, ok3 := till.Peek(r, s.Till)
		if !ok || !ok2 || !ok3 || owner.Mchid != s.Mchid || owner.Uid != s.Uid || place.Mchid != s.Mchid {
			return report(Entity(s.Id), "is approved, and its merchant %s, owner %d or till %d is not there", s.Mchid, s.Owner, s.Till)
		}
		return true
	})
}

func dropped(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, 0, func(s *pb.Shop) bool {
		if s.State == pb.ShopState_SHOP_STATE_REFUSED && len(s.Picture) > 0 {
			return report(Entity(s.Id), "was refused, and its picture is kept")
		}
		return true
	})
}

func tookFromOpen(r table.Reader, _ *pb.Head, report catalogue.Report) {
	ScanTaken(r, func(t *pb.ShopTaken) bool {
		if s, ok := Peek(r, t.Shop); !ok || s.State != pb.ShopState_SHOP_STATE_APPROVED || t.Amount <= 0 {
			return report(Entity(t.Shop), "is not approved, and %d was taken out of it", t.Amount)
		}
		return true
	})
}
