package dev

import (
	"context"
	"fmt"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// demoTill is a till with a printed code that every sandbox has.
type demoTill struct {
	Mchid string `json:"mchid"`
	Name  string `json:"name"`
	Till  uint64 `json:"till"`
	// Link is what its printed code says.
	Link string `json:"link"`
}

// The taxi driver has a printed code and no program.
const (
	taxiMchid = "1900000002"
	taxiAppid = "wx0d3a57c0ffee2027" // payments by its printed code are orders, and orders have one
	taxiName  = "张师傅出租车 Zhang's taxi"
)

// tills gives the shop a till, and the taxi its code. A sandbox that is kept at an
// earlier feature level has none.
func tills(ctx context.Context, office pbconnect.AdminServiceClient) (list []demoTill, err error) {
	_, err = office.MerchantAdd(ctx, connect.NewRequest(&pb.AdminMerchantAddRequest{Mchid: taxiMchid, Name: taxiName, Appids: []string{taxiAppid}}))
	if is, ok := rpc.CodeOf(err); err != nil && !(ok && is == code.MerchantExists) { // the developer may have renamed it
		return nil, fmt.Errorf("add the taxi: %w", err)
	}
	for _, t := range []demoTill{{Mchid: mchid, Name: "柜台 counter"}, {Mchid: taxiMchid, Name: "车内 in the taxi"}} {
		a, err := office.TillAdd(ctx, connect.NewRequest(&pb.AdminTillAddRequest{Mchid: t.Mchid, Name: t.Name}))
		if is, ok := rpc.CodeOf(err); ok && is == code.LevelTooLow {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("add the till %s: %w", t.Name, err)
		}
		t.Till, t.Link = a.Msg.Till, a.Msg.Link
		list = append(list, t)
	}
	return list, nil
}
