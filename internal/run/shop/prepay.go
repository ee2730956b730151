package shop

import (
	"cmp"
	"context"
	"errors"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/h5"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
)

// way leads to a payment: one of its fields is set.
type way struct {
	code, h5   string
	invocation map[string]string
}

var (
	errNoWay = errors.New("the answer leads to no payment")
	errPay   = errors.New("pay is native, h5 or jsapi")
)

// prepay has the platform prepare an order's payment, the way the order is to be paid.
func (s *Shop) prepay(ctx context.Context, o *Order, payerIP string) (w way, err error) {
	switch o.Pay {
	case "", "native":
		w.code, err = s.prepayNative(ctx, o)
	case "h5":
		w.h5, err = s.prepayH5(ctx, o, payerIP)
	case "jsapi":
		w.invocation, err = s.prepayJSAPI(ctx, o)
	default:
		err = errPay
	}
	if err == nil && w.code == "" && w.h5 == "" && w.invocation == nil {
		err = errNoWay
	}
	return w, err
}

func (s *Shop) prepayNative(ctx context.Context, o *Order) (string, error) {
	answer, _, err := s.native.Prepay(ctx, native.PrepayRequest{
		Appid: core.String(s.cfg.Appid), Mchid: core.String(s.cfg.Mchid),
		Description: core.String(o.Description), OutTradeNo: core.String(o.OutTradeNo),
		NotifyUrl: core.String(s.cfg.NotifyURL),
		Amount:    &native.Amount{Total: core.Int64(o.Total), Currency: core.String("CNY")},
	})
	if err != nil {
		return "", err
	}
	return text(answer.CodeUrl), nil
}

// prepayH5 is for a payer in a phone's own browser; payerIP is where they are.
func (s *Shop) prepayH5(ctx context.Context, o *Order, payerIP string) (string, error) {
	answer, _, err := s.h5.Prepay(ctx, h5.PrepayRequest{
		Appid: core.String(s.cfg.Appid), Mchid: core.String(s.cfg.Mchid),
		Description: core.String(o.Description), OutTradeNo: core.String(o.OutTradeNo),
		NotifyUrl: core.String(s.cfg.NotifyURL),
		Amount:    &h5.Amount{Total: core.Int64(o.Total), Currency: core.String("CNY")},
		SceneInfo: &h5.SceneInfo{PayerClientIp: core.String(cmp.Or(payerIP, "127.0.0.1")), H5Info: &h5.H5Info{Type: core.String("Wap")}},
	})
	if err != nil {
		return "", err
	}
	return text(answer.H5Url), nil
}

// prepayJSAPI is for a payer within WeChat, whose openid the shop knows. What it returns
// is what the page hands to WeChat, signed by the SDK.
func (s *Shop) prepayJSAPI(ctx context.Context, o *Order) (map[string]string, error) {
	a, _, err := s.jsapi.PrepayWithRequestPayment(ctx, jsapi.PrepayRequest{
		Appid: core.String(s.cfg.Appid), Mchid: core.String(s.cfg.Mchid),
		Description: core.String(o.Description), OutTradeNo: core.String(o.OutTradeNo),
		NotifyUrl: core.String(s.cfg.NotifyURL),
		Amount:    &jsapi.Amount{Total: core.Int64(o.Total), Currency: core.String("CNY")},
		Payer:     &jsapi.Payer{Openid: core.String(o.Openid)},
	})
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"appId": text(a.Appid), "timeStamp": text(a.TimeStamp), "nonceStr": text(a.NonceStr),
		"package": text(a.Package), "signType": text(a.SignType), "paySign": text(a.PaySign),
	}, nil
}
