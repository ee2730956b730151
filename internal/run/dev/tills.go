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

// Till is a till with a printed code that every sandbox has.
type Till struct {
	Mchid string `json:"mchid"`
	Name  string `json:"name"`
	Till  uint64 `json:"till"`
	// Link is what its printed code says.
	Link string `json:"link"`
	// Sheet is the file with the sheet to hang up, of a shop by phone.
	Sheet string `json:"sheet_path,omitempty"`
}

// counter gives the shop a till. A sandbox that is kept at an earlier feature level has
// none.
func counter(ctx context.Context, office pbconnect.AdminServiceClient) ([]Till, error) {
	t := Till{Mchid: mchid, Name: "柜台 counter"}
	a, err := office.TillAdd(ctx, connect.NewRequest(&pb.AdminTillAddRequest{Mchid: t.Mchid, Name: t.Name}))
	if is, ok := rpc.CodeOf(err); ok && is == code.LevelTooLow {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("add the till %s: %w", t.Name, err)
	}
	t.Till, t.Link = a.Msg.Till, a.Msg.Link
	return []Till{t}, nil
}
