package wechatjson

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

var rewrite = flag.Bool("rewrite", false, "write testdata anew; never for format files that a release has sent")

const offset = stamp.Business

// paidAt is 2026-01-01 10:00:05.120 +08:00.
const paidAt int64 = 1767232805120

func paidOrder() *pb.Order {
	return &pb.Order{
		Id: 17, Mchid: "1900000001", Appid: "wx0000000000000001", OutTradeNo: "T202601010001",
		Product: pb.Product_PRODUCT_JSAPI, State: pb.TradeState_TRADE_STATE_SUCCESS,
		Total: 100, Currency: 156, Description: "a cup of tea", Attach: `table "7" / 窗边 \ <&>`,
		Openid: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", DeviceId: "POS-1:1", CreatedAt: paidAt - 9000, PaidAt: paidAt,
	}
}

func doneRefund() *pb.Refund {
	return &pb.Refund{
		Id: 3, OrderId: 17, Mchid: "1900000001", OutRefundNo: "R1@x",
		Status: pb.RefundStatus_REFUND_STATUS_SUCCESS, Refund: 40, Total: 100, Currency: 156,
		CreatedAt: paidAt + 3600_000, SuccessAt: paidAt + 3601_000,
	}
}

// golden compares got with testdata/name, byte for byte.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if !json.Valid(got) {
		t.Fatalf("not JSON: %s", got)
	}
	file := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs\n got %s\nwant %s", file, got, want)
	}
}

func TestTransactionGolden(t *testing.T) {
	t.Parallel()
	bare := paidOrder()
	bare.Attach, bare.DeviceId, bare.Openid, bare.Product = "", "", "", pb.Product_PRODUCT_H5
	unpaid := paidOrder()
	unpaid.State, unpaid.PaidAt = pb.TradeState_TRADE_STATE_NOTPAY, 0
	closed := paidOrder()
	closed.State, closed.PaidAt, closed.DeviceId = pb.TradeState_TRADE_STATE_CLOSED, 0, ""
	refunded := paidOrder()
	refunded.State = pb.TradeState_TRADE_STATE_REFUND
	for name, o := range map[string]*pb.Order{
		"query_paid.json": paidOrder(), "query_paid_bare.json": bare, "query_unpaid.json": unpaid,
		"query_closed.json": closed, "query_refunded.json": refunded,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, name, Transaction(o, offset))
		})
	}
}

func TestRefundGolden(t *testing.T) {
	t.Parallel()
	processing := doneRefund()
	processing.Status, processing.SuccessAt = pb.RefundStatus_REFUND_STATUS_PROCESSING, 0
	unsettled := doneRefund()
	unsettled.FundsAccount = "UNSETTLED"
	for name, r := range map[string]*pb.Refund{
		"refund_processing.json": processing, "refund_success.json": doneRefund(), "refund_unsettled.json": unsettled,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, name, Refund(r, paidOrder(), offset))
		})
	}
}

// The files of a format are for ever: a difference here is a merchant whose
// second attempt of a notice differs from the first.
func TestPlaintextGolden(t *testing.T) {
	t.Parallel()
	bare := paidOrder()
	bare.Attach, bare.DeviceId, bare.Openid, bare.Product = "", "", "", pb.Product_PRODUCT_NATIVE
	for _, c := range []struct {
		name  string
		event pb.NoticeEvent
		order *pb.Order
	}{
		{"format1_pay.json", pb.NoticeEvent_NOTICE_EVENT_TRANSACTION_SUCCESS, paidOrder()},
		{"format1_pay_bare.json", pb.NoticeEvent_NOTICE_EVENT_TRANSACTION_SUCCESS, bare},
		{"format1_refund_success.json", pb.NoticeEvent_NOTICE_EVENT_REFUND_SUCCESS, paidOrder()},
		{"format1_refund_abnormal.json", pb.NoticeEvent_NOTICE_EVENT_REFUND_ABNORMAL, paidOrder()},
		{"format1_refund_closed.json", pb.NoticeEvent_NOTICE_EVENT_REFUND_CLOSED, paidOrder()},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			kind := pb.Kind_KIND_REFUND
			if c.event == pb.NoticeEvent_NOTICE_EVENT_TRANSACTION_SUCCESS {
				kind = pb.Kind_KIND_ORDER
			}
			n := &pb.Notice{Id: 5, Event: c.event, Subject: subjectOf(kind), Format: 1}
			got, err := Plaintext(n, Records{c.order, doneRefund()}, offset)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, c.name, got)
		})
	}
}

func TestEnvelopeGolden(t *testing.T) {
	t.Parallel()
	e, ok := Describe(pb.NoticeEvent_NOTICE_EVENT_TRANSACTION_SUCCESS, 1)
	if !ok {
		t.Fatal("the payment event has no description")
	}
	golden(t, "envelope.json", Envelope{
		ID: "7f8fcdb2-573a-547a-901e-4c34f9761293", CreateTime: stamp.RFC3339(paidAt, offset),
		Event: e, Nonce: "BW99mCrQI0FF", Ciphertext: "tDdOQ8g2",
	}.Body())
}
