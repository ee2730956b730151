package cashier

// sentence is a page's heading and what it says below. {merchant}, {amount},
// {payer}, {balance}, {deadline} and {reason} are filled in.
type sentence struct{ title, text string }

// words is one language.
type words struct {
	Tag      string // the html element's lang
	Other    string // the other language's code
	SwitchTo string // the link to it, in that language

	PayTo, PaidTo, Merchant, Order, Balance, LowMark, BlockedMark, Payers, NoPayers, Sandbox, Same, ChargedNow, Till string

	pay, payAs, paidAt, transaction, outTradeNo, total, refunded, valid string
	again, query, back, toMerchant, receipt, withWallet                 string

	sentences map[kind]sentence
}

// receiver is what the merchant is called on a page: nobody is asked to pay what is paid
// or closed.
func (w *words) receiver(k kind) string {
	switch k {
	case kindPay, kindWallet, kindTill:
		return w.PayTo
	case kindPaid, kindAlready:
		return w.PaidTo
	}
	return w.Merchant
}

var languages = map[string]*words{"zh": chinese, "en": english}

var chinese = &words{
	Tag: "zh-CN", Other: "en", SwitchTo: "English",
	PayTo: "付款给", PaidTo: "已付给", Merchant: "商家", withWallet: "用我的钱包支付", Order: "商品", paidAt: "支付时间", transaction: "支付单号", outTradeNo: "商户订单号",
	total: "订单金额", refunded: "已退款", Balance: "余额", valid: "有效期至",
	pay: "支付 {amount}", payAs: "用“{payer}”支付", LowMark: "余额不足", BlockedMark: "账户受限",
	Payers: "选择付款人", NoPayers: "沙箱里还没有付款人。用 POST /sandbox/payers 添加一个，再刷新本页。",
	Sandbox: "沙箱：没有真实资金流动", ChargedNow: "本次扣款", Till: "收银台",
	again: "重新选择付款人", Same: "重试这一笔支付", query: "查询结果", back: "返回订单", toMerchant: "返回商家（{host}）",
	receipt: "下载凭证",
	sentences: map[kind]sentence{
		kindPay:         {"确认支付", ""},
		kindPaid:        {"支付成功", "已向{merchant}支付 {amount}。"},
		kindAlready:     {"该订单此前已支付", "本次扣款 ¥0.00，您没有被重复扣款。"},
		kindExpired:     {"订单已过期", "没有扣款。请让商家重新下单。"},
		kindClosed:      {"订单已关闭", "没有扣款。如仍需购买，请让商家重新下单。"},
		kindReplaced:    {"付款码已更新", "商家已出示新的付款码，请扫最新的一个。没有扣款。"},
		kindStale:       {"付款码已失效", "没有扣款。请让商家重新出示付款码。"},
		kindLowBalance:  {"余额不足", "“{payer}”的余额为 {balance}，本单需要 {amount}。没有扣款。"},
		kindBlocked:     {"账户受限", "“{payer}”的账户目前不能付款，请联系运营方。没有扣款。"},
		kindMismatch:    {"不是下单的账号", "该订单是为另一位付款人下的，请用下单的账号支付。没有扣款。"},
		kindRefused:     {"未能支付", "{reason}没有扣款。"},
		kindBusy:        {"这笔支付还没有受理", "现在付款的人太多，没有扣款。请稍后用下面的按钮重试，不会重复扣款。"},
		kindWaiting:     {"正在确认支付结果", "页面会自动刷新，一分钟内给出答复。请不要另行付款：同一订单不会重复扣款。"},
		kindInDoubt:     {"支付处理中", "结果尚未确认，不会重复扣款。最迟 {deadline} 有最终结果：要么支付成功，要么不再扣款。"},
		kindUnknown:     {"找不到该订单", "请核对付款码，或让商家重新出示。没有扣款。"},
		kindAstray:      {"这里没有页面", "要付款，请扫商家出示的付款码，或从商家的页面发起。没有扣款。"},
		kindHome:        {"收银台", "要付款，请扫商家出示的付款码，或从商家的页面发起。打开本页不会扣款。"},
		kindWallet:      {"确认支付", "用您的钱包支付。还没有钱包？一分钟开通，随后回到这笔付款。现在没有扣款。"},
		kindNoWallet:    {"暂不能在此页付款", "本平台还没有开放付款人注册，因此现在无法用手机支付这笔订单。没有扣款，订单不受影响。请使用商家提供的其他付款方式。"},
		kindScene:       {"请从商家的页面付款", "这笔订单要从商家的页面或应用里发起支付，不能直接打开。没有扣款。"},
		kindBadCall:     {"调起支付的参数有误", "{reason}没有扣款。"},
		kindBadForm:     {"请重新打开付款页", "提交的内容不完整。没有扣款。"},
		kindForeign:     {"请从付款页支付", "这次提交来自其他网站，已拒绝。没有扣款。"},
		kindTill:        {"到店付款", "用您的钱包支付，金额由您输入。还没有钱包？一分钟开通，随后回到这里。现在没有扣款。"},
		kindTillOnly:    {"暂不能扫这个码付款", "本平台还没有开放付款人注册。没有扣款，请使用商家提供的其他付款方式。"},
		kindTillClosed:  {"这个收款码已停用", "没有扣款。请向商家索取新的收款码。"},
		kindNoTill:      {"没有这个收款码", "没有扣款。请核对商家张贴的码，或请商家出示新的付款码。"},
		kindUnavailable: {"暂时无法读取订单", "打开本页不会扣款；此前提交的支付也不会重复扣款。页面会自动重试，请稍候。"},
	},
}

var english = &words{
	Tag: "en", Other: "zh", SwitchTo: "中文",
	PayTo: "Pay to", PaidTo: "Paid to", Merchant: "Shop", withWallet: "Pay with my wallet", Order: "For", paidAt: "Paid at", transaction: "Transaction", outTradeNo: "Merchant's order",
	total: "Order total", refunded: "Refunded", Balance: "balance", valid: "Valid until",
	pay: "Pay {amount}", payAs: "Pay as {payer}", LowMark: "balance too low", BlockedMark: "blocked",
	Payers: "Who pays?", NoPayers: "This sandbox has no payers yet. Add one with POST /sandbox/payers and reload.",
	Sandbox: "Sandbox: no real money moves", ChargedNow: "Charged now", Till: "Till",
	again: "Choose another payer", Same: "Try this payment again", query: "Check the result", back: "Back to the order", toMerchant: "Back to the shop ({host})",
	receipt: "Download receipt",
	sentences: map[kind]sentence{
		kindPay:         {"Confirm payment", ""},
		kindPaid:        {"Paid", "{amount} went to {merchant}."},
		kindAlready:     {"This order was already paid", "You were charged ¥0.00 now: nothing is paid twice."},
		kindExpired:     {"The order has expired", "Nothing was charged. Ask the merchant for a new order."},
		kindClosed:      {"The order is closed", "Nothing was charged. If you still want it, ask the merchant for a new order."},
		kindReplaced:    {"There is a newer code", "The merchant has made a new payment code; scan the newest one. Nothing was charged."},
		kindStale:       {"This code has expired", "Nothing was charged. Ask the merchant to show a new code."},
		kindLowBalance:  {"Balance too low", "{payer} has {balance} and the order needs {amount}. Nothing was charged."},
		kindBlocked:     {"Account blocked", "{payer} cannot pay at the moment; ask the operator. Nothing was charged."},
		kindMismatch:    {"Ordered with another account", "The order was placed for another payer; pay with that account. Nothing was charged."},
		kindRefused:     {"Not paid", "{reason} Nothing was charged."},
		kindBusy:        {"This payment was not taken", "Too many people are paying right now, and nothing was charged. Try again in a moment with the button below: you can't be charged twice."},
		kindWaiting:     {"Confirming the payment", "This page refreshes by itself and has the answer within a minute. Please don't pay another way: an order is never charged twice."},
		kindInDoubt:     {"Payment in progress", "The result isn't confirmed yet. You won't be charged twice. By {deadline} it will be final: either it is paid, or nothing will be charged."},
		kindUnknown:     {"This order can't be found", "Check the code, or ask the merchant to show it again. Nothing was charged."},
		kindAstray:      {"There is no page here", "To pay, scan the code that the merchant shows, or start from the merchant's page. Nothing was charged."},
		kindHome:        {"Cashier", "To pay, scan the code that the merchant shows, or start from the merchant's page. Opening this page charges nothing."},
		kindWallet:      {"Confirm payment", "Pay from your wallet. No wallet yet? Getting one takes a minute, then you come back to this payment. Nothing was charged so far."},
		kindNoWallet:    {"You can't pay here yet", "This platform isn't open to payers yet, so the order can't be paid by phone. Nothing was charged and the order stands. Use another way to pay that the merchant offers."},
		kindScene:       {"Start from the merchant's page", "This payment has to be started from the merchant's page or app; it can't be opened directly. Nothing was charged."},
		kindBadCall:     {"The shop's request is faulty", "{reason} Nothing was charged."},
		kindBadForm:     {"Open the payment page again", "What was sent is incomplete. Nothing was charged."},
		kindForeign:     {"Pay from the payment page", "This came from another site and was refused. Nothing was charged."},
		kindTill:        {"Pay at the counter", "Pay from your wallet; you enter the amount. No wallet yet? Getting one takes a minute, then you come back here. Nothing was charged so far."},
		kindTillOnly:    {"This code can't be paid yet", "This platform isn't open to payers yet. Nothing was charged. Use another way to pay that the merchant offers."},
		kindTillClosed:  {"This code is no longer in use", "Nothing was charged. Ask the shop for its new code."},
		kindNoTill:      {"This code can't be found", "Nothing was charged. Check the code on the counter, or ask the shop to show a payment code."},
		kindUnavailable: {"The order can't be read right now", "Opening this page charges nothing, and a payment sent before is never charged twice. The page tries again by itself."},
	},
}
