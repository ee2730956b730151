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

// codeMM is how wide a code is that is drawn alone, in millimetres.
const codeMM = 80

// drawSheet draws a sheet in a format that is named; what is not is a PDF on A6.
func drawSheet(s *drawing.Sheet, format, paper string) (a *pb.ShopSheet, err error) {
	a = new(pb.ShopSheet)
	switch format {
	case "svg":
		a.MediaType = "image/svg+xml"
		a.Data, err = drawing.SVG(s.Link, codeMM)
	case "png":
		a.MediaType = "image/png"
		a.Data, err = drawing.PNG(s.Link)
	default:
		p, ok := drawing.Papers[paper]
		if !ok {
			p = drawing.Papers["a6"]
		}
		a.MediaType = "application/pdf"
		a.Data, err = s.PDF(p)
	}
	return a, err
}
