package sandbox

import (
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/merchant"
	"github.com/holdfast-pay/holdfast/internal/rule/notice"
	"github.com/holdfast-pay/holdfast/internal/rule/order"
)

// stateWords names the states of a notice.
var stateWords = map[pb.NoticeState]string{
	pb.NoticeState_NOTICE_STATE_OWED:      "OWED",
	pb.NoticeState_NOTICE_STATE_DELIVERED: "DELIVERED",
	pb.NoticeState_NOTICE_STATE_PARKED:    "PARKED",
}

// outcome is what became of an attempt, and what a developer should do about it.
type outcome struct{ word, zh, en string }

var outcomes = map[pb.AttemptOutcome]outcome{
	pb.AttemptOutcome_ATTEMPT_OUTCOME_DELIVERED: {"DELIVERED", "商户已应答", "the merchant answered"},
	pb.AttemptOutcome_ATTEMPT_OUTCOME_STATUS: {"STATUS", "商户应答了 HTTP {status}；只有 200 或 204 算成功",
		"the merchant answered HTTP {status}; only 200 and 204 count as received"},
	pb.AttemptOutcome_ATTEMPT_OUTCOME_TIMEOUT: {"TIMEOUT", "商户 5 秒内没有应答；请先应答、再处理业务",
		"the merchant did not answer within 5 s; answer first and do the work afterwards"},
	pb.AttemptOutcome_ATTEMPT_OUTCOME_CONNECT: {"CONNECT", "连不上回调地址；请检查服务是否在监听、端口和防火墙",
		"the callback's address could not be reached; check that it listens, the port and the firewall"},
	pb.AttemptOutcome_ATTEMPT_OUTCOME_TLS: {"TLS", "TLS 握手失败；请检查证书是否有效、域名是否一致",
		"the TLS handshake failed; check that the certificate is valid and names the host"},
	pb.AttemptOutcome_ATTEMPT_OUTCOME_REFUSED_ADDRESS: {"REFUSED_ADDRESS", "回调地址指向内网或本机，已拒绝；沙箱之外只发往公网",
		"the address is private or this machine's own and was refused; outside a sandbox notices go to public addresses only"},
	pb.AttemptOutcome_ATTEMPT_OUTCOME_NO_KEY: {"NO_KEY", "商户没有 APIv3 密钥，无法加密，因此没有发送",
		"the merchant has no APIv3 key, so nothing could be sealed or sent"},
	pb.AttemptOutcome_ATTEMPT_OUTCOME_BAD_URL: {"BAD_URL", "notify_url 不可用（不是 https、带查询串或不在允许的域名中），没有发送",
		"the notify_url cannot be used (not https, a query string, or a host the merchant does not allow); nothing was sent"},
}

// Outcome says what became of an attempt, in both languages, without a full stop.
func Outcome(a *pb.Attempt) (zh, en string) {
	o, ok := outcomes[a.GetOutcome()]
	if !ok {
		return "原因不明", "the reason is not known"
	}
	if strings.HasPrefix(a.GetAnswer(), notice.NotHTTP) {
		o.zh, o.en = "回调地址应答的不是 HTTP；请检查端口和协议", "the callback's address was reached and said something that is not HTTP; check the port and the protocol"
	}
	status := fmt.Sprint(a.GetHttpStatus())
	return strings.ReplaceAll(o.zh, "{status}", status), strings.ReplaceAll(o.en, "{status}", status)
}

// why is one sentence about a notice: why it was delivered, or why not yet.
func (b board) why(n *pb.Notice, m *pb.Merchant) string {
	switch {
	case n.State == pb.NoticeState_NOTICE_STATE_DELIVERED:
		a := last(n)
		return say(b.r,
			fmt.Sprintf("第 %d 次发送成功：商户在 %s 内应答了 HTTP %d。", n.Attempts, took(a), a.GetHttpStatus()),
			fmt.Sprintf("Delivered at attempt %d: the merchant answered HTTP %d in %s.", n.Attempts, a.GetHttpStatus(), took(a)))
	case n.State == pb.NoticeState_NOTICE_STATE_PARKED:
		return say(b.r,
			fmt.Sprintf("已发送 %d 次均未成功，不再自动重试。最后一次：%s。修复后可 POST /sandbox/notices/%d/redeliver。", n.Attempts, b.failure(n), n.Id),
			fmt.Sprintf("Not delivered after %d attempts and no longer retried by itself. The last time %s. Mend it, then POST /sandbox/notices/%d/redeliver.", n.Attempts, b.failure(n), n.Id))
	case m != nil && merchant.CurrentKey(m) == "":
		return say(b.r, "尚未发送：商户没有设置 APIv3 密钥。", "Not sent: the merchant has no APIv3 key.")
	case n.Attempts > 0 && n.NextAt > b.now:
		return say(b.r,
			fmt.Sprintf("第 %d 次发送失败：%s。下一次在 %s（%s后）。", n.Attempts, b.failure(n), b.time(n.NextAt), b.wait(n)),
			fmt.Sprintf("Attempt %d failed: %s. The next one is due at %s, in %s.", n.Attempts, b.failure(n), b.time(n.NextAt), b.wait(n)))
	case n.NextAt > b.now:
		return say(b.r, fmt.Sprintf("将于 %s 发送。", b.time(n.NextAt)), fmt.Sprintf("Due at %s.", b.time(n.NextAt)))
	}
	late := time.Duration(b.now-n.NextAt) * time.Millisecond
	return say(b.r,
		fmt.Sprintf("到期 %s，正在发送或等待发送；若长时间不变，请检查 courier 进程。", late),
		fmt.Sprintf("Due for %s: being sent, or waiting for the courier; if this stays so, check that the courier runs.", late))
}

// failure says why the last attempt failed.
func (b board) failure(n *pb.Notice) string {
	a := last(n)
	zh, en := Outcome(a)
	text := say(b.r, zh, en)
	if a.GetAnswer() != "" {
		text += say(b.r, "，应答：", ", saying: ") + fmt.Sprintf("%q", a.GetAnswer())
	}
	return text
}

func (b board) wait(n *pb.Notice) string {
	return (time.Duration(n.NextAt-b.now) * time.Millisecond).Round(time.Second).String()
}

func last(n *pb.Notice) *pb.Attempt {
	if len(n.Recent) == 0 {
		return nil
	}
	return n.Recent[len(n.Recent)-1]
}

func took(a *pb.Attempt) string {
	return (time.Duration(a.GetTookUs()) * time.Microsecond).String()
}

// noPaymentNotice says why an order has no notice of a payment.
func (b board) noPaymentNotice(o *pb.Order) string {
	switch {
	case order.Paid(o):
		return say(b.r, "通知已送达并超过保留期（30 天），不再列出。", "The notice was delivered and is older than the 30 days it is kept.")
	case o.State == pb.TradeState_TRADE_STATE_CLOSED:
		return say(b.r, "订单已关闭而未支付：关单不发通知。", "The order was closed unpaid: closing sends no notice.")
	}
	return say(b.r, "订单未支付：只有支付成功和退款结果才发通知。", "The order is not paid: only payments and refunds send notices.")
}

// noRefundNotice says why a refund has no notice.
func (b board) noRefundNotice(f *pb.Refund) string {
	switch {
	case f.Status == pb.RefundStatus_REFUND_STATUS_PROCESSING:
		return say(b.r, "退款 "+f.OutRefundNo+" 处理中，到账后才通知。", "Refund "+f.OutRefundNo+" is being processed; the notice follows when it is done.")
	case f.NotifyUrl == "":
		return say(b.r, "退款 "+f.OutRefundNo+" 没有带 notify_url，因此不发通知。", "Refund "+f.OutRefundNo+" was asked for without a notify_url, so no notice is sent.")
	}
	return say(b.r, "退款 "+f.OutRefundNo+" 的通知已超过保留期。", "The notice of refund "+f.OutRefundNo+" is older than it is kept.")
}
