package storytest

import (
	"errors"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/shop"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

// shop finds a shop by PERSON/CLIENTID.
func (s *player) shop(name string) (found *pb.Shop, ok bool) {
	uid, clientID, err := s.owned(name)
	if err != nil {
		return nil, false
	}
	err = s.p.Read(func(r table.Reader) error {
		found, ok = shop.ByClientID(r, uid, clientID)
		return nil
	})
	return found, ok && err == nil
}

func shopApply(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	by, err2 := consent(l)
	picture := l.option("picture", "a picture")
	c := &pb.ShopApply{
		Uid: uid, ClientId: l.arg(1), Name: l.option("name", "Noodles"), Category: l.option("category", "food"),
		Kind: pb.ShopKind(pb.ShopKind_value["SHOP_KIND_"+strings.ToUpper(l.option("kind", "stall"))]), Picture: []byte(picture), Source: digest("picture", picture), Consent: by,
	}
	if picture == "huge" {
		c.Picture = make([]byte, shop.MaxPicture+1)
	}
	return c, errors.Join(err, err2)
}

func shopDecide(s *player, l *line) (table.Record, error) {
	found, _ := s.shop(l.arg(0))
	c := &pb.ShopDecide{Id: found.GetId(), Words: sealedText(l, "words")}
	if c.Approve = l.arg(1) == "approve"; !c.Approve {
		c.Refusal = pb.ShopRefusal(pb.ShopRefusal_value["SHOP_REFUSAL_"+strings.ToUpper(l.arg(1))])
	}
	if name, ok := l.options["token"]; ok {
		c.TillToken = digest("token", name)[:till.TokenSize]
	}
	return c, nil
}

func shopTake(s *player, l *line) (table.Record, error) {
	found, _ := s.shop(l.arg(0))
	uid, err := s.uid(l.arg(1))
	fen, err2 := amount(l.arg(2))
	by, err3 := consent(l)
	return &pb.ShopTake{Id: found.GetId(), Uid: uid, Amount: fen, ClientId: l.arg(3), Consent: by}, errors.Join(err, err2, err3)
}

func describeShop(r *pb.Shop) map[string]string {
	return map[string]string{
		"id": num(r.Id), "state": word(r.State, "SHOP_STATE_"), "merchant": r.Mchid, "owner": num(r.Owner), "till": num(r.Till), "by": r.DecidedBy,
		"picture": strconv.FormatBool(len(r.Picture) > 0), "refusal": strings.ToLower(word(r.Refusal, "SHOP_REFUSAL_")),
	}
}
