package admin

import (
	"context"
	"crypto/rand"
	"encoding/hex"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/edge/staff"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
	"github.com/holdfast-pay/holdfast/internal/rule/shop"
	"github.com/holdfast-pay/holdfast/internal/rule/till"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// ShopList lists applications for shops, without their pictures: those that wait, or
// all.
func (s *Server) ShopList(ctx context.Context, q *connect.Request[pb.AdminShopListRequest]) (*connect.Response[pb.AdminShopListResponse], error) {
	limit, a := min(bound(q.Msg.Limit), 1000), new(pb.AdminShopListResponse)
	err := s.read(ctx, "list shops", func(r table.Reader) error {
		add := func(one *pb.Shop) bool {
			if len(a.Shops) == limit {
				a.Next = a.Shops[limit-1].Id
				return false
			}
			shown := s.shownShop(r, one)
			shown.Picture = nil
			a.Shops = append(a.Shops, shown)
			return true
		}
		if q.Msg.All {
			shop.Scan(r, q.Msg.After, add)
			return nil
		}
		shop.Waiting(r, q.Msg.After, func(id uint64) bool { return add(shop.Need(r, id)) })
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(a)
}

// ShopShow shows one application with its picture.
func (s *Server) ShopShow(ctx context.Context, q *connect.Request[pb.AdminShopRequest]) (*connect.Response[pb.AdminShop], error) {
	return s.shopAnswer(ctx, q.Msg.Id)
}

func (s *Server) shopAnswer(ctx context.Context, id uint64) (*connect.Response[pb.AdminShop], error) {
	var a *pb.AdminShop
	err := s.read(ctx, "show a shop", func(r table.Reader) error {
		one, ok := shop.Get(r, id)
		if !ok {
			return refuse(code.ShopNotFound)
		}
		a = s.shownShop(r, one)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(a)
}

// ShopDecide approves an application in the caller's name, or refuses it.
func (s *Server) ShopDecide(ctx context.Context, q *connect.Request[pb.AdminShopDecideRequest]) (*connect.Response[pb.AdminShop], error) {
	c := &pb.ShopDecide{Id: q.Msg.Id, Approve: q.Msg.Approve}
	if q.Msg.Refusal != "" {
		why, ok := code.RefusedFor(q.Msg.Refusal)
		if !ok {
			return nil, refuse(code.ShopRefusalInvalid)
		}
		c.Refusal = why.Why
	}
	if c.Approve {
		c.TillToken = make([]byte, till.TokenSize)
		_, _ = rand.Read(c.TillToken) // never fails
	}
	var err error
	if c.Words, err = s.wordsAboutShop(ctx, q.Msg.Id, q.Msg.Words); err != nil {
		return nil, err
	}
	if _, err := do(ctx, s, shop.Decide, c); err != nil {
		return nil, err
	}
	return s.shopAnswer(ctx, q.Msg.Id)
}

// wordsAboutShop seals what an operator says to the person who applied; nil where that
// is nothing.
func (s *Server) wordsAboutShop(ctx context.Context, id uint64, text string) (*pb.Sealed, error) {
	switch {
	case text == "":
		return nil, nil
	case !wallet.Prose(text, staff.MaxAnswer):
		return nil, refuse(code.TextInvalid)
	}
	var reader *pb.Person
	if err := s.read(ctx, "find a shop", func(r table.Reader) error {
		one, ok := shop.Peek(r, id)
		if !ok {
			return refuse(code.ShopNotFound)
		}
		reader, _ = person.Get(r, one.Uid)
		return nil
	}); err != nil {
		return nil, err
	}
	words, err := s.desk.SealedFor(ctx, text, reader)
	if err != nil {
		return nil, s.fail("seal an answer", err)
	}
	return words, nil
}

func (s *Server) shownShop(r table.Reader, a *pb.Shop) *pb.AdminShop {
	shown := &pb.AdminShop{
		Id: a.Id, Uid: a.Uid, Name: a.Name, Kind: a.Kind, Category: a.Category, Picture: a.Picture, PictureHash: hex.EncodeToString(a.PictureHash),
		State: a.State, CreatedAt: a.CreatedAt, DecidedAt: a.DecidedAt, DecidedBy: a.DecidedBy, Mchid: a.Mchid, Till: a.Till,
	}
	if a.Refusal != 0 {
		shown.Refusal = code.Refused(a.Refusal).Name
	}
	if p, ok := person.Get(r, a.Uid); ok {
		shown.Words = s.opened(a.Words, p)
	}
	if t, ok := till.Peek(r, a.Till); ok {
		shown.Link = s.TillLink(t.Token)
	}
	return shown
}
