package wallet

import (
	"context"
	"strconv"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/drawing"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// ShowShopSheet implements WalletService.
func (s *Server) ShowShopSheet(ctx context.Context, q *connect.Request[pb.ShowShopSheetRequest]) (*connect.Response[pb.ShopSheet], error) {
	v, err := s.ownShop(ctx, q.Msg.Shop)
	switch {
	case err != nil:
		return nil, err
	case v.Link == "":
		return nil, refuse(from(ctx), code.ShopNotOpen)
	}
	sheet := &drawing.Sheet{Merchant: v.Name, Till: v.Category, Number: "shop " + strconv.FormatUint(v.Shop, 10), Link: v.Link}
	a, err := drawSheet(sheet, q.Msg.Format, q.Msg.Paper)
	if err != nil { // the font has not all characters: its number has
		sheet.Merchant, sheet.Till = v.Mchid, ""
		if a, err = drawSheet(sheet, q.Msg.Format, q.Msg.Paper); err != nil {
			return nil, s.fail(from(ctx), "draw a sheet", err)
		}
	}
	return answer(a)
}

// drawSheet draws a sheet in a format that is named; what is not is a PDF on A6.
func drawSheet(s *drawing.Sheet, format, paper string) (a *pb.ShopSheet, err error) {
	if format != "svg" && format != "png" {
		format = "pdf"
	}
	if _, ok := drawing.Papers[paper]; !ok {
		paper = "a6"
	}
	a = new(pb.ShopSheet)
	a.Data, a.MediaType, err = s.Draw(format, paper)
	return a, err
}
