package dev

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// driver drives a taxi: a person like the others, who takes money with a phone and a
// printed sheet, and has no program.
var driver = demoPayer{"zhang", "张师傅", "+8613800000004", 0}

const (
	taxiName     = "张师傅出租车 Zhang's taxi"
	taxiCategory = "出租车 taxi"
)

// taxi gives the driver a phone, a shop by that phone, and its sheet. There is none where
// the driver has no wallet, or the shop can't be opened.
func (s *site) taxi(ctx context.Context, office pbconnect.AdminServiceClient, file *sandboxFile, urls []string) error {
	if _, err := (&setup{admin: office}).payer(ctx, driver); err != nil {
		return err
	}
	is := s.demo(driver)
	device, err := s.device(ctx, is, strings.Join(urls, ","))
	if device == nil || err != nil {
		return err
	}
	file.People = append(file.People, is)
	c := dial(device, urls)
	id, err := applied(ctx, c)
	for _, out := range unopened {
		if walletclient.Refused(err, out.String()) {
			return nil
		}
	}
	if err != nil {
		return err
	}
	a, err := office.ShopDecide(ctx, connect.NewRequest(&pb.AdminShopDecideRequest{Id: id, Approve: true})) // the same again changes nothing
	if is, ok := rpc.CodeOf(err); ok && is == code.PersonBlocked {
		return nil
	}
	if err != nil {
		return fmt.Errorf("approve the taxi: %w", err)
	}
	till := Till{Mchid: a.Msg.Mchid, Name: a.Msg.Name, Till: a.Msg.Till, Link: a.Msg.Link, Sheet: s.folder.path("taxi.pdf")}
	file.Tills = append(file.Tills, till)
	return printSheet(ctx, c, id, till.Sheet)
}

// unopened are the outcomes with which there is no taxi: the sandbox is kept at an
// earlier feature level, or somebody who tries it blocked the driver, or refused them
// too often.
var unopened = []code.Code{code.LevelTooLow, code.PersonBlocked, code.ShopsTooMany}

// applied is the number of the driver's shop: of the last run, or applied for now.
func applied(ctx context.Context, c *walletclient.Client) (uint64, error) {
	list, err := c.ListShops(ctx, &walletclient.ListShopsRequest{})
	if err != nil {
		return 0, err
	}
	for _, v := range list.Shops {
		if v.State != "refused" {
			return v.Shop, nil
		}
	}
	picture, err := cab()
	if err != nil {
		return 0, err
	}
	v, err := c.ApplyShop(ctx, &walletclient.ApplyShopRequest{Name: taxiName, Kind: "driver", Category: taxiCategory, Picture: picture, ClientId: walletclient.NewID()})
	if err != nil {
		return 0, err
	}
	return v.Shop, nil
}

// printSheet writes the sheet as PDF, and beside it the code alone as SVG and PNG.
func printSheet(ctx context.Context, c *walletclient.Client, id uint64, pdf string) error {
	for _, format := range []string{"pdf", "svg", "png"} {
		drawn, err := c.ShowShopSheet(ctx, &walletclient.ShowShopSheetRequest{Shop: id, Format: format})
		if err != nil {
			return err
		}
		if err := os.WriteFile(strings.TrimSuffix(pdf, filepath.Ext(pdf))+"."+format, drawn.Data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// cab is what the driver sends as a picture: a yellow car on wheels.
func cab() ([]byte, error) {
	m := image.NewRGBA(image.Rect(0, 0, 160, 120))
	for _, part := range []struct {
		at image.Rectangle
		in color.RGBA
	}{
		{m.Rect, color.RGBA{0x9f, 0xc5, 0xe8, 0xff}},
		{image.Rect(0, 96, 160, 120), color.RGBA{0x66, 0x66, 0x66, 0xff}},
		{image.Rect(48, 32, 112, 64), color.RGBA{0xf1, 0xc2, 0x32, 0xff}},
		{image.Rect(16, 56, 144, 88), color.RGBA{0xf1, 0xc2, 0x32, 0xff}},
		{image.Rect(56, 38, 104, 56), color.RGBA{0xff, 0xff, 0xff, 0xff}},
		{image.Rect(32, 80, 56, 104), color.RGBA{0x22, 0x22, 0x22, 0xff}},
		{image.Rect(104, 80, 128, 104), color.RGBA{0x22, 0x22, 0x22, 0xff}},
	} {
		draw.Draw(m, part.at, image.NewUniform(part.in), image.Point{}, draw.Src)
	}
	var b bytes.Buffer
	err := png.Encode(&b, m)
	return b.Bytes(), err
}
