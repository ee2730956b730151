package admin

import (
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/ledger"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
)

// What operators see of the state's records, field by field: a field that a
// record gets is not shown before it is written here. Salts open commitments and
// stay inside.

func shownMerchant(m *pb.Merchant) *pb.MerchantShown {
	return &pb.MerchantShown{
		Mchid: m.Mchid, Name: m.Name, Appids: m.Appids, Status: m.Status, Settings: m.Settings,
		Keys: m.Keys, Serials: m.Serials, CreatedAt: m.CreatedAt,
	}
}

func shownCert(c *pb.Cert) *pb.CertShown {
	return &pb.CertShown{
		Mchid: c.Mchid, Serial: c.Serial, Der: c.Der, NotBefore: c.NotBefore, NotAfter: c.NotAfter, RevokedAt: c.RevokedAt,
	}
}

func (s *Server) shownPerson(p *pb.Person) *pb.PersonShown {
	of := s.People.Of(p)
	return &pb.PersonShown{
		Uid: p.Uid, Ref: p.Ref, Name: of.Name, Phone: of.Phone, Missing: of.Missing, Openids: p.Openids,
		Blocked: p.Blocked, BlockReason: p.BlockReason, CreatedAt: p.CreatedAt, Email: of.Email, ErasedAt: p.ErasedAt,
		BlockWhy: why(p), BlockedAt: p.BlockedAt,
	}
}

func shownAccount(a *pb.Account) *pb.AccountShown {
	return &pb.AccountShown{
		Name: a.Name, Currency: a.Currency,
		DebitsPosted: a.DebitsPosted, CreditsPosted: a.CreditsPosted, DebitsPending: a.DebitsPending, CreditsPending: a.CreditsPending,
		NoOverdraft: a.NoOverdraft, Cap: a.Cap, Frozen: a.Frozen,
		Balance: ledger.Balance(a), Available: ledger.Available(a),
	}
}

func shownOrder(o *pb.Order) *pb.OrderShown {
	return &pb.OrderShown{
		Id: o.Id, Mchid: o.Mchid, Appid: o.Appid, OutTradeNo: o.OutTradeNo, Product: o.Product, State: o.State,
		Total: o.Total, Currency: o.Currency, Description: o.Description, Attach: o.Attach, NotifyUrl: o.NotifyUrl,
		TimeExpire: o.TimeExpire, Openid: o.Openid, GoodsTag: o.GoodsTag, ProfitSharing: o.ProfitSharing, DeviceId: o.DeviceId,
		PayerClientIp: o.PayerClientIp, LimitPay: o.LimitPay, Detail: o.Detail, CreatedAt: o.CreatedAt,
		PrepayId: o.PrepayId, PrepayAt: o.PrepayAt, PayerUid: o.PayerUid, PaidAt: o.PaidAt, PaySeq: o.PaySeq, NoticeId: o.NoticeId,
		Refunded: o.Refunded, Refunding: o.Refunding, RefundCount: o.RefundCount, LastRefundAt: o.LastRefundAt,
		ClosedAt: o.ClosedAt, CreateSeq: o.CreateSeq, CloseSeq: o.CloseSeq,
	}
}

func shownRefund(f *pb.Refund) *pb.RefundShown {
	return &pb.RefundShown{
		Id: f.Id, OrderId: f.OrderId, Mchid: f.Mchid, OutRefundNo: f.OutRefundNo, Status: f.Status,
		Refund: f.Refund, Total: f.Total, Currency: f.Currency, Reason: f.Reason, NotifyUrl: f.NotifyUrl,
		FundsAccount: f.FundsAccount, GoodsDetail: f.GoodsDetail, CreatedAt: f.CreatedAt, SuccessAt: f.SuccessAt,
		CreateSeq: f.CreateSeq, SuccessSeq: f.SuccessSeq, NoticeId: f.NoticeId,
	}
}

func shownNotice(n *pb.Notice) *pb.NoticeShown {
	kind, id := notice.Subject(n)
	return &pb.NoticeShown{
		Id: n.Id, Mchid: n.Mchid, Event: n.Event, Subject: &pb.Subject{Kind: kind, Id: id}, Url: n.Url, CreatedAt: n.CreatedAt,
		Format: n.Format, State: n.State, Attempts: n.Attempts, Tries: n.Tries, NextAt: n.NextAt, Recent: n.Recent,
		SettledAt: n.SettledAt, Revived: n.Revived, Duplicates: n.Duplicates, LastDuplicate: n.LastDuplicate,
	}
}

// all shows each of a list.
func all[R, S any](records []R, show func(R) S) []S {
	var list []S
	for _, r := range records {
		list = append(list, show(r))
	}
	return list
}
