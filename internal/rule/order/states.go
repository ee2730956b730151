package order

import (
	"github.com/holdfast-pay/holdfast/internal/base/moves"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Moves is the life of an order. A crash leaves an order in the state of the
// last durable frame; replay moves it on from there, once.
var Moves = moves.Table[pb.TradeState]{
	{To: pb.TradeState_TRADE_STATE_NOTPAY, By: "order_create", When: "the merchant places it"},
	{To: pb.TradeState_TRADE_STATE_SUCCESS, By: "code_pay", When: "the payer showed a code to a till, and needs no PIN for the amount"},
	{To: pb.TradeState_TRADE_STATE_USERPAYING, By: "code_pay", When: "the payer showed a code to a till, and is asked for the PIN"},
	{From: pb.TradeState_TRADE_STATE_USERPAYING, To: pb.TradeState_TRADE_STATE_SUCCESS, By: "ask_answer", When: "the payer says yes in time"},
	{From: pb.TradeState_TRADE_STATE_USERPAYING, To: pb.TradeState_TRADE_STATE_CLOSED, By: "ask_answer", When: "the payer says no"},
	{From: pb.TradeState_TRADE_STATE_USERPAYING, To: pb.TradeState_TRADE_STATE_CLOSED, By: "tick", When: "the payer said nothing for two minutes"},
	{From: pb.TradeState_TRADE_STATE_USERPAYING, To: pb.TradeState_TRADE_STATE_CLOSED, By: "order_close", When: "the merchant closes it"},
	{From: pb.TradeState_TRADE_STATE_NOTPAY, To: pb.TradeState_TRADE_STATE_SUCCESS, By: "order_pay", When: "a payer's balance covers it in time"},
	{From: pb.TradeState_TRADE_STATE_NOTPAY, To: pb.TradeState_TRADE_STATE_CLOSED, By: "order_close", When: "the merchant closes it"},
	{From: pb.TradeState_TRADE_STATE_NOTPAY, To: pb.TradeState_TRADE_STATE_CLOSED, By: "tick", When: "7 days after it was placed, or at time_expire if that is later"},
	{From: pb.TradeState_TRADE_STATE_SUCCESS, To: pb.TradeState_TRADE_STATE_REFUND, By: "refund_create", When: "its first refund is accepted, partial ones too"},
}
