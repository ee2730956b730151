package shop

import (
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// ApplyTake moves some of what a shop took into its owner's wallet, as their own device
// consents to. (id, client id) is the identity. What was taken out is no longer there
// for refunds.
//
// Refuses, in this order: ClientIDInvalid, AmountMustBePositive; ShopNotFound
// (another's, too); ShopTakingExists; what wallet.CheckAct refuses; ShopNotOpen,
// MerchantPaused; what ledger.Book.Post refuses, BalanceTooLow above all.
func ApplyTake(d *deed.Deed, c *pb.ShopTake) (code.Code, *pb.Shop) {
	switch {
	case !ident.ValidClientID(c.ClientId):
		return code.ClientIDInvalid, nil
	case c.Amount <= 0:
		return code.AmountMustBePositive, nil
	}
	s, ok := Get(d.Tx, c.Id)
	if !ok || s.Uid != c.Uid {
		return code.ShopNotFound, nil
	}
	if old, ok := takes.Peek(d.Tx, takenKey(c.Id, c.ClientId)); ok {
		if old.Amount != c.Amount {
			return code.ShopTakingExists, nil
		}
		return code.OK, s
	}
	leave, out := wallet.CheckAct(d, c.Uid, c.Consent, false)
	if out != code.OK {
		return out, nil
	}
	if out := pays(d, s); out != code.OK {
		return out, nil
	}
	book := ledger.Begin(d.Tx, money.CNY)
	if out := book.Post(pb.PostingCode_POSTING_CODE_TAKINGS, ledger.MerchantPending(s.Mchid), ledger.UserBalance(s.Uid), c.Amount); out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	takes.Insert(d.Tx, takenKey(s.Id, c.ClientId), &pb.ShopTaken{Shop: s.Id, ClientId: c.ClientId, Amount: c.Amount, At: d.At, Seq: d.Seq()})
	leave.Use(d)
	record(d, s, c.ClientId, book.Commit())
	d.Consent(c.Consent)
	return code.OK, s
}

// pays says whether the shop's merchant may be paid out.
func pays(d *deed.Deed, s *pb.Shop) code.Code {
	if s.State != pb.ShopState_SHOP_STATE_APPROVED {
		return code.ShopNotOpen
	}
	if m, ok := merchant.Peek(d.Tx, s.Mchid); !ok || m.Status != pb.MerchantStatus_MERCHANT_STATUS_ACTIVE {
		return code.MerchantPaused
	}
	return code.OK
}
