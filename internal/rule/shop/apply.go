package shop

import (
	"bytes"
	"crypto/sha256"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// ApplyShop takes an application. (uid, client id) is the identity; a repeat returns
// the shop as it is now, whatever its consent and picture: what was sent is compared
// by its hash. What the picture shows is for whoever decides to see.
//
// Refuses, in this order: ClientIDInvalid, TextInvalid (name, category),
// ShopKindInvalid; ShopExists; PictureInvalid; what wallet.CheckAct refuses;
// ShopWaiting, ShopsTooMany.
func ApplyShop(d *deed.Deed, c *pb.ShopApply) (code.Code, *pb.Shop) {
	if out := shape(c); out != code.OK {
		return out, nil
	}
	content := contentHash(d, c)
	if old, ok := ByClientID(d.Tx, c.Uid, c.ClientId); ok {
		if !bytes.Equal(old.ContentHash, content) {
			return code.ShopExists, nil
		}
		return code.OK, old
	}
	if len(c.Source) != sourceSize || len(c.Picture) == 0 || len(c.Picture) > MaxPicture {
		return code.PictureInvalid, nil
	}
	leave, out := wallet.CheckAct(d, c.Uid, c.Consent, false)
	if out != code.OK {
		return out, nil
	}
	if out := Room(d.Tx, c.Uid); out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	sum := sha256.Sum256(c.Picture)
	s := &pb.Shop{
		Id: d.Next(ids), Uid: c.Uid, ClientId: c.ClientId, ContentHash: content, Name: c.Name, Kind: c.Kind, Category: c.Category,
		Picture: c.Picture, PictureHash: sum[:], CreatedAt: d.At, CreateSeq: d.Seq(),
	}
	Moves.Enter(&s.State, pb.ShopState_SHOP_STATE_WAITING)
	shops.Insert(d.Tx, key(s.Id), s)
	refs.Insert(d.Tx, numberKey(s.Uid, s.ClientId), &pb.OrderRef{Id: s.Id})
	refs.Insert(d.Tx, waitingKey(s.Id), &pb.OrderRef{Id: s.Id})
	leave.Use(d)
	record(d, s, s.ClientId, nil)
	d.Consent(c.Consent)
	return code.OK, s
}

func shape(c *pb.ShopApply) code.Code {
	switch {
	case !ident.ValidClientID(c.ClientId):
		return code.ClientIDInvalid
	case strings.TrimSpace(c.Name) == "" || !wallet.Text(c.Name, maxName) || !wallet.Text(c.Category, maxCategory):
		return code.TextInvalid
	case c.Kind == 0 || pb.ShopKind_name[int32(c.Kind)] == "":
		return code.ShopKindInvalid
	}
	return code.OK
}

// contentHash covers what a repeat must match. Of the picture it has the hash of what
// was sent: drawing it anew may give other bytes in a later version.
func contentHash(d *deed.Deed, c *pb.ShopApply) []byte {
	return ledger.ContentHash(d.Mem, &pb.ShopApply{Uid: c.Uid, Name: c.Name, Kind: c.Kind, Category: c.Category, Source: c.Source})
}
