package contract

import (
	"crypto/rsa"
	"strings"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/app"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/h5"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// An order placed, queried, paid, queried both ways, refunded in two parts, and
// every refusal on the way is an error the SDK names.
func TestNative(t *testing.T) {
	t.Parallel()
	s := newShop(t, pb.KeyMode_KEY_MODE_BOTH)
	ctx, client, payer := t.Context(), s.sdk(), s.payer()
	api := native.NativeApiService{Client: client}
	expire := time.Now().Add(time.Hour).Local()
	request := native.PrepayRequest{
		Appid: core.String(appid), Mchid: core.String(s.mchid), Description: core.String("乌龙茶 <Oolong> & more"),
		OutTradeNo: core.String("T|SDK*native-1"), TimeExpire: &expire, Attach: core.String("桌 7"), NotifyUrl: core.String(callbackURL),
		GoodsTag: core.String("WXG"), LimitPay: []string{"no_credit"}, SupportFapiao: core.Bool(false),
		Amount: &native.Amount{Total: core.Int64(100), Currency: core.String("CNY")},
		Detail: &native.Detail{CostPrice: core.Int64(120), InvoiceId: core.String("wx123"), GoodsDetail: []native.GoodsDetail{{
			MerchantGoodsId: core.String("g1"), GoodsName: core.String("tea"), Quantity: core.Int64(1), UnitPrice: core.Int64(100)}}},
		SceneInfo: &native.SceneInfo{PayerClientIp: core.String("14.23.150.211"), DeviceId: core.String("013467007045764"),
			StoreInfo: &native.StoreInfo{Id: core.String("0001"), Name: core.String("店"), AreaCode: core.String("440305"), Address: core.String("x")}},
		SettleInfo: &native.SettleInfo{ProfitSharing: core.Bool(false)},
	}
	answer, result, err := api.Prepay(ctx, request)
	if err != nil || result.Response.StatusCode != 200 || !strings.HasPrefix(*answer.CodeUrl, base+"/pay/wx") {
		t.Fatalf("prepay: %v, %v", answer, err)
	}
	byNumber := native.QueryOrderByOutTradeNoRequest{OutTradeNo: request.OutTradeNo, Mchid: core.String(s.mchid)}
	order, _, err := api.QueryOrderByOutTradeNo(ctx, byNumber)
	if err != nil || *order.TradeState != "NOTPAY" || order.TransactionId != nil || order.SuccessTime != nil || *order.Amount.Total != 100 {
		t.Fatalf("query before payment: %v, %v", order, err)
	}
	changed := request
	changed.Amount = &native.Amount{Total: core.Int64(101)}
	if _, _, err := api.Prepay(ctx, changed); !core.IsAPIError(err, "OUT_TRADE_NO_USED") {
		t.Errorf("prepay with another amount: %v", err)
	}

	paid := s.pay((*answer.CodeUrl)[len(base+"/pay/"):], payer)
	order, _, err = api.QueryOrderByOutTradeNo(ctx, byNumber)
	if err != nil {
		t.Fatal(err)
	}
	checkPaid(t, order, "NATIVE", paid)
	if *order.Attach != "桌 7" {
		t.Errorf("attach %q", *order.Attach)
	}
	again, _, err := api.QueryOrderById(ctx, native.QueryOrderByIdRequest{TransactionId: order.TransactionId, Mchid: core.String(s.mchid)})
	if err != nil || again.String() != order.String() {
		t.Errorf("query by id: %v, %v; by number: %v", again, err, order)
	}
	_, err = api.CloseOrder(ctx, native.CloseOrderRequest{OutTradeNo: request.OutTradeNo, Mchid: core.String(s.mchid)})
	if !core.IsAPIError(err, "ORDERPAID") {
		t.Errorf("close after payment: %v", err)
	}
	refundInParts(t, s, client, order)
}

// checkPaid compares what the SDK decoded with the order.
func checkPaid(t *testing.T, got *payments.Transaction, tradeType string, o *pb.Order) {
	t.Helper()
	at, err := time.Parse(time.RFC3339, *got.SuccessTime)
	if err != nil || at.UnixMilli()/1000 != o.PaidAt/1000 {
		t.Errorf("success_time %s, paid at %d: %v", *got.SuccessTime, o.PaidAt, err)
	}
	if *got.TradeState != "SUCCESS" || *got.TradeType != tradeType || len(*got.TransactionId) != 28 || *got.Payer.Openid != o.Openid ||
		*got.BankType != "OTHERS" || *got.Amount.Total != o.Total || *got.Amount.PayerTotal != o.Total || *got.Amount.Currency != "CNY" || *got.Amount.PayerCurrency != "CNY" {
		t.Errorf("paid order decoded as %v", got)
	}
}

func refundInParts(t *testing.T, s *shop, client *core.Client, order *payments.Transaction) {
	t.Helper()
	ctx, api := t.Context(), refunddomestic.RefundsApiService{Client: client}
	request := refunddomestic.CreateRequest{
		TransactionId: order.TransactionId, OutRefundNo: core.String("R|SDK*@1"), Reason: core.String("商品已售完"),
		NotifyUrl: core.String(callbackURL), FundsAccount: refunddomestic.REQFUNDSACCOUNT_AVAILABLE.Ptr(),
		Amount: &refunddomestic.AmountReq{Refund: core.Int64(40), Total: core.Int64(100), Currency: core.String("CNY"),
			From: []refunddomestic.FundsFromItem{{Account: refunddomestic.ACCOUNT_AVAILABLE.Ptr(), Amount: core.Int64(40)}}},
		GoodsDetail: []refunddomestic.GoodsDetail{{MerchantGoodsId: core.String("g1"), GoodsName: core.String("tea"), UnitPrice: core.Int64(100),
			RefundAmount: core.Int64(40), RefundQuantity: core.Int64(1)}},
	}
	first, _, err := api.Create(ctx, request)
	if err != nil || *first.Status != refunddomestic.STATUS_PROCESSING || *first.Channel != refunddomestic.CHANNEL_ORIGINAL || first.SuccessTime != nil ||
		*first.Amount.Refund != 40 || *first.Amount.PayerRefund != 40 || *first.TransactionId != *order.TransactionId || *first.OutTradeNo != *order.OutTradeNo {
		t.Fatalf("refund: %v, %v", first, err)
	}
	again, _, err := api.Create(ctx, request)
	if err != nil || *again.RefundId != *first.RefundId {
		t.Errorf("the same refund again: %v, %v", again, err)
	}
	s.core.Must(catalogue.Tick, &pb.Tick{})
	done, _, err := api.QueryByOutRefundNo(ctx, refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: request.OutRefundNo})
	if err != nil || *done.Status != refunddomestic.STATUS_SUCCESS || done.SuccessTime == nil || done.SuccessTime.Before(*done.CreateTime) {
		t.Errorf("query refund: %v, %v", done, err)
	}
	over := refunddomestic.CreateRequest{OutTradeNo: order.OutTradeNo, OutRefundNo: core.String("R-2"),
		Amount: &refunddomestic.AmountReq{Refund: core.Int64(61), Total: core.Int64(100), Currency: core.String("CNY")}}
	if _, _, err := api.Create(ctx, over); !core.IsAPIError(err, "INVALID_REQUEST") {
		t.Errorf("more than is left: %v", err)
	}
	over.Amount.Refund = core.Int64(60)
	if rest, _, err := api.Create(ctx, over); err != nil || *rest.Amount.Refund != 60 {
		t.Errorf("the rest: %v, %v", rest, err)
	}
	if _, _, err := api.QueryByOutRefundNo(ctx, refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: core.String("R-3")}); !core.IsAPIError(err, "RESOURCE_NOT_EXISTS") {
		t.Errorf("query what is no refund: %v", err)
	}
}

func TestJSAPI(t *testing.T) {
	t.Parallel()
	s := newShop(t, pb.KeyMode_KEY_MODE_CERTIFICATE)
	payer := s.payer()
	api := jsapi.JsapiApiService{Client: s.sdk()}
	request := jsapi.PrepayRequest{
		Appid: core.String(appid), Mchid: core.String(s.mchid), Description: core.String("tea"), OutTradeNo: core.String("T-SDK-jsapi"),
		NotifyUrl: core.String(callbackURL), Amount: &jsapi.Amount{Total: core.Int64(7)}, Payer: &jsapi.Payer{Openid: core.String(payer.Openids[0].Openid)},
	}
	call, _, err := api.PrepayWithRequestPayment(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if *call.Package != "prepay_id="+*call.PrepayId || *call.SignType != "RSA" {
		t.Errorf("%v", call)
	}
	verifyInvocation(t, &s.key.PublicKey, *call.Appid, *call.TimeStamp, *call.NonceStr, *call.Package, *call.PaySign)
	paid := s.pay(*call.PrepayId, payer)
	order, _, err := api.QueryOrderByOutTradeNo(t.Context(), jsapi.QueryOrderByOutTradeNoRequest{OutTradeNo: request.OutTradeNo, Mchid: request.Mchid})
	if err != nil {
		t.Fatal(err)
	}
	checkPaid(t, order, "JSAPI", paid)
	request.OutTradeNo, request.Payer = core.String("T-SDK-jsapi-2"), &jsapi.Payer{Openid: core.String("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")}
	if _, _, err := api.Prepay(t.Context(), request); !core.IsAPIError(err, "PARAM_ERROR") {
		t.Errorf("unknown openid: %v", err)
	}
}

func verifyInvocation(t *testing.T, key *rsa.PublicKey, appid, at, nonce, pkg, signature string) {
	t.Helper()
	if err := seal.Verify(key, seal.InvocationMessage(appid, at, nonce, pkg), signature); err != nil {
		t.Errorf("the invocation of %s: %v", pkg, err)
	}
}

func TestApp(t *testing.T) {
	t.Parallel()
	s := newShop(t, pb.KeyMode_KEY_MODE_BOTH)
	api := app.AppApiService{Client: s.sdk()}
	request := app.PrepayRequest{
		Appid: core.String(appid), Mchid: core.String(s.mchid), Description: core.String("tea"), OutTradeNo: core.String("T-SDK-app"),
		NotifyUrl: core.String(callbackURL), Amount: &app.Amount{Total: core.Int64(7)},
	}
	call, _, err := api.PrepayWithRequestPayment(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if *call.PartnerId != s.mchid || *call.Package != "Sign=WXPay" {
		t.Errorf("%v", call)
	}
	verifyInvocation(t, &s.key.PublicKey, appid, *call.TimeStamp, *call.NonceStr, *call.PrepayId, *call.Sign)
	paid := s.pay(*call.PrepayId, s.payer())
	order, _, err := api.QueryOrderByOutTradeNo(t.Context(), app.QueryOrderByOutTradeNoRequest{OutTradeNo: request.OutTradeNo, Mchid: request.Mchid})
	if err != nil {
		t.Fatal(err)
	}
	checkPaid(t, order, "APP", paid)
}

func TestH5(t *testing.T) {
	t.Parallel()
	s := newShop(t, pb.KeyMode_KEY_MODE_BOTH)
	api := h5.H5ApiService{Client: s.sdk()}
	request := h5.PrepayRequest{
		Appid: core.String(appid), Mchid: core.String(s.mchid), Description: core.String("tea"), OutTradeNo: core.String("T-SDK-h5"),
		NotifyUrl: core.String(callbackURL), Amount: &h5.Amount{Total: core.Int64(7)},
		SceneInfo: &h5.SceneInfo{PayerClientIp: core.String("14.23.150.211"), H5Info: &h5.H5Info{Type: core.String("Wap"), AppName: core.String("shop")}},
	}
	answer, _, err := api.Prepay(t.Context(), request)
	if err != nil || !strings.HasPrefix(*answer.H5Url, base+"/h5?") || !strings.Contains(*answer.H5Url, "prepay_id=wx") || !strings.Contains(*answer.H5Url, "package=") {
		t.Fatalf("%v, %v", answer, err)
	}
	close := h5.CloseOrderRequest{OutTradeNo: request.OutTradeNo, Mchid: request.Mchid}
	for range 2 {
		if result, err := api.CloseOrder(t.Context(), close); err != nil || result.Response.StatusCode != 204 {
			t.Errorf("close: %v", err)
		}
	}
	if _, _, err := api.Prepay(t.Context(), request); !core.IsAPIError(err, "ORDER_CLOSED") {
		t.Errorf("prepay after close: %v", err)
	}
	order, _, err := api.QueryOrderByOutTradeNo(t.Context(), h5.QueryOrderByOutTradeNoRequest{OutTradeNo: request.OutTradeNo, Mchid: request.Mchid})
	if err != nil || *order.TradeState != "CLOSED" {
		t.Errorf("%v, %v", order, err)
	}
	close.OutTradeNo = core.String("T-SDK-never")
	if _, err := api.CloseOrder(t.Context(), close); err != nil {
		t.Errorf("close what was never placed: %v", err)
	}
}
