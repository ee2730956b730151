package wallet

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/picture"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/shop"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
)

// ApplyShop implements WalletService.
func (s *Server) ApplyShop(ctx context.Context, q *connect.Request[pb.ApplyShopRequest]) (*connect.Response[pb.ShopView], error) {
	who, m := from(ctx), q.Msg
	source := sha256.Sum256(m.Picture)
	c := &pb.ShopApply{Uid: who.uid, ClientId: m.ClientId, Name: m.Name, Category: m.Category, Source: source[:], Consent: who.consent(0)}
	c.Kind, _ = rpc.Value[pb.ShopKind](m.Kind) // the rule refuses none
	var err error
	if c.Picture, err = s.picture(ctx, m); err != nil {
		return nil, err
	}
	a, err := do(ctx, s, shop.Apply, c)
	if err != nil {
		return nil, err
	}
	return s.shopAnswer(ctx, a)
}

// picture is an application's picture drawn anew. Drawing takes its time, so that it is
// done only for somebody who may apply; what is repeated needs none.
func (s *Server) picture(ctx context.Context, m *pb.ApplyShopRequest) (drawn []byte, err error) {
	who, known := from(ctx), false
	if err := s.read(ctx, "look at somebody's shops", func(r table.Reader) error {
		_, p, out := own(r, who)
		if out != code.OK {
			return out.Err()
		}
		if _, known = shop.ByClientID(r, who.uid, m.ClientId); known {
			return nil
		}
		if p.Blocked {
			return code.PersonBlocked.Err()
		}
		return shop.Room(r, who.uid).Err()
	}); err != nil || known {
		return nil, err
	}
	if len(m.Picture) > picture.MaxSent {
		return nil, refuse(who, code.PictureInvalid)
	}
	drawn, err = picture.Redraw(ctx, m.Picture, shop.MaxPicture)
	if err != nil && ctx.Err() == nil {
		return nil, refuse(who, code.PictureInvalid)
	}
	return drawn, err
}

// ListShops implements WalletService.
func (s *Server) ListShops(ctx context.Context, _ *connect.Request[pb.ListShopsRequest]) (*connect.Response[pb.ListShopsResponse], error) {
	list := &pb.ListShopsResponse{}
	err := s.read(ctx, "list shops", func(r table.Reader) error {
		who := from(ctx)
		_, _, out := own(r, who)
		for _, a := range shop.Of(r, who.uid) {
			list.Shops = append(list.Shops, s.shopView(r, who, a))
		}
		return out.Err()
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list.Shops, func(a, b *pb.ShopView) int { return cmp.Compare(b.Shop, a.Shop) })
	return answer(list)
}

// ShowShop implements WalletService.
func (s *Server) ShowShop(ctx context.Context, q *connect.Request[pb.ShowShopRequest]) (*connect.Response[pb.ShopView], error) {
	v, err := s.ownShop(ctx, q.Msg.Shop)
	if err != nil {
		return nil, err
	}
	return answer(v)
}

// TakeTakings implements WalletService.
func (s *Server) TakeTakings(ctx context.Context, q *connect.Request[pb.TakeTakingsRequest]) (*connect.Response[pb.ShopView], error) {
	who, m := from(ctx), q.Msg
	a, err := do(ctx, s, shop.Take, &pb.ShopTake{Id: m.Shop, Uid: who.uid, ClientId: m.ClientId, Amount: m.Amount, Consent: who.consent(0)})
	if err != nil {
		return nil, err
	}
	return s.shopAnswer(ctx, a)
}

// ownShop is one of the caller's shops with its picture.
func (s *Server) ownShop(ctx context.Context, id uint64) (v *pb.ShopView, err error) {
	err = s.read(ctx, "show a shop", func(r table.Reader) error {
		who := from(ctx)
		_, _, out := own(r, who)
		if out != code.OK {
			return out.Err()
		}
		a, ok := shop.Get(r, id)
		if !ok || a.Uid != who.uid {
			return code.ShopNotFound.Err()
		}
		v = s.shopView(r, who, a)
		v.Picture = a.Picture
		return nil
	})
	return v, err
}

// shopAnswer is the answer to a command about a shop.
func (s *Server) shopAnswer(ctx context.Context, a *pb.Shop) (*connect.Response[pb.ShopView], error) {
	var v *pb.ShopView
	if err := s.readOwn(ctx, "show a shop", func(r table.Reader) error {
		v = s.shopView(r, from(ctx), a)
		return nil
	}); err != nil {
		return nil, err
	}
	return answer(v)
}

// shopView is a shop as its person sees it, without the picture.
func (s *Server) shopView(r table.Reader, who *caller, a *pb.Shop) *pb.ShopView {
	v := &pb.ShopView{
		Shop: a.Id, Name: a.Name, Kind: rpc.Word(a.Kind), Category: a.Category, State: rpc.Word(a.State), CreatedAt: a.CreatedAt, DecidedAt: a.DecidedAt, Mchid: a.Mchid,
	}
	if a.Refusal != 0 {
		why := code.Refused(a.Refusal)
		v.Refusal, v.Sentence = why.Name, why.EN
		if who.chinese {
			v.Sentence = why.ZH
		}
	}
	if p, ok := person.Get(r, a.Uid); ok {
		v.Words = s.opened(a.Words, p)
	}
	if t, ok := till.Peek(r, a.Till); ok {
		v.Link = s.TillLink(t.Token)
	}
	if acc, ok := ledger.Get(r, ledger.MerchantPending(a.Mchid), money.CNY); ok {
		v.Takings = ledger.Available(acc)
	}
	return v
}
