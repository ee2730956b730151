package trigger

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/ident"
	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/edge/wechatjson"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/run/dev"
)

// Deed is the payment or refund that a notice tells of. What is empty is made up.
type Deed struct {
	OutTradeNo, OutRefundNo, Openid, Attach string
	// Total and Refund are in fen.
	Total, Refund int64
}

// withDefaults fills in what was not given. random makes the numbers new.
func (d Deed) withDefaults(random uint64, site *dev.Site) Deed {
	if d.OutTradeNo == "" {
		d.OutTradeNo = fmt.Sprintf("TRIGGER-%012d", random)
	}
	if d.OutRefundNo == "" {
		d.OutRefundNo = "R-" + d.OutTradeNo
	}
	if d.Openid == "" {
		d.Openid = site.Openid
	}
	if d.Total == 0 {
		d.Total = 100
	}
	if d.Refund == 0 {
		d.Refund = d.Total
	}
	return d
}

// made is the first of the numbers for what never happened. They lie above all
// that a sandbox ever counts to.
const made = 900_000_000_000_000

// notice writes the notice as the node would owe it.
func (d Deed) notice(event pb.NoticeEvent, logName string, site *dev.Site, now time.Time) (*pb.OwedNotice, error) {
	var raw [8]byte
	_, _ = rand.Read(raw[:]) // never fails
	random := binary.BigEndian.Uint64(raw[:]) % 1_000_000_000_000
	d = d.withDefaults(random, site)
	id, at := made+random, now.UnixMilli()
	paid := &pb.Order{
		Id: id, Mchid: site.Mchid, Appid: site.Appid, OutTradeNo: d.OutTradeNo, Product: pb.Product_PRODUCT_JSAPI,
		State: pb.TradeState_TRADE_STATE_SUCCESS, Total: d.Total, Currency: uint32(money.CNY), Openid: d.Openid, Attach: d.Attach,
		CreatedAt: at - 60_000, PaidAt: at - 1000,
	}
	n := &pb.Notice{Id: id, Mchid: site.Mchid, Event: event, Format: notice.Format, CreatedAt: at, Subject: &pb.Subject{Kind: pb.Kind_KIND_ORDER, Id: id}}
	var back *pb.Refund
	if event != pb.NoticeEvent_NOTICE_EVENT_TRANSACTION_SUCCESS {
		n.Subject.Kind = pb.Kind_KIND_REFUND
		back = &pb.Refund{
			Id: id, OrderId: id, Mchid: site.Mchid, OutRefundNo: d.OutRefundNo, Status: pb.RefundStatus_REFUND_STATUS_SUCCESS,
			Refund: d.Refund, Total: d.Total, Currency: uint32(money.CNY), CreatedAt: at - 500, SuccessAt: at,
		}
	}
	plaintext, err := wechatjson.Plaintext(n, wechatjson.Records{Order: paid, Refund: back}, stamp.Business)
	if err != nil {
		return nil, err
	}
	e, _ := wechatjson.Describe(event, notice.Format) // it was found by its description
	return &pb.OwedNotice{
		Notice: n.Due(), EventId: ident.EventID(logName, id), CreateTime: stamp.RFC3339(at, stamp.Business), Plaintext: plaintext,
		EventType: e.Type, Summary: e.Summary, ResourceType: e.ResourceType, OriginalType: e.OriginalType, AssociatedData: e.AssociatedData,
		Apiv3KeyId: demoKey, AllowHttp: true,
	}, nil
}
