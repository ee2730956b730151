package wechatjson

import (
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// TradeState is the API's word for a state, and a sentence for people.
func TradeState(s pb.TradeState) (word, desc string) {
	switch s {
	case pb.TradeState_TRADE_STATE_NOTPAY:
		return "NOTPAY", "订单未支付"
	case pb.TradeState_TRADE_STATE_USERPAYING:
		return "USERPAYING", "用户支付中"
	case pb.TradeState_TRADE_STATE_SUCCESS:
		return "SUCCESS", "支付成功"
	case pb.TradeState_TRADE_STATE_REFUND:
		return "REFUND", "订单发生过退款，退款详情请查询退款单"
	case pb.TradeState_TRADE_STATE_CLOSED:
		return "CLOSED", "订单已关闭"
	case pb.TradeState_TRADE_STATE_REVOKED:
		return "REVOKED", "订单已撤销"
	case pb.TradeState_TRADE_STATE_PAYERROR:
		return "PAYERROR", "支付失败"
	}
	return "", ""
}

// TradeType is the API's word for a product; H5 payments are called MWEB.
func TradeType(p pb.Product) string {
	switch p {
	case pb.Product_PRODUCT_NATIVE:
		return "NATIVE"
	case pb.Product_PRODUCT_JSAPI:
		return "JSAPI"
	case pb.Product_PRODUCT_APP:
		return "APP"
	case pb.Product_PRODUCT_H5:
		return "MWEB"
	case pb.Product_PRODUCT_MICROPAY:
		return "MICROPAY"
	}
	return ""
}

// RefundStatus is the API's word for a refund's status.
func RefundStatus(s pb.RefundStatus) string {
	switch s {
	case pb.RefundStatus_REFUND_STATUS_PROCESSING:
		return "PROCESSING"
	case pb.RefundStatus_REFUND_STATUS_SUCCESS:
		return "SUCCESS"
	case pb.RefundStatus_REFUND_STATUS_CLOSED:
		return "CLOSED"
	case pb.RefundStatus_REFUND_STATUS_ABNORMAL:
		return "ABNORMAL"
	}
	return ""
}

// What answers say of money that lies in a balance of this platform.
const (
	bankTypeBalance     = "OTHERS"
	receivedByBalance   = "支付用户零钱"
	channelOriginal     = "ORIGINAL"
	fundsAvailable      = "AVAILABLE"
	resourceEncrypted   = "encrypt-resource"
	originalTransaction = "transaction"
	originalRefund      = "refund"
)
