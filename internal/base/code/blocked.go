package code

import "github.com/holdfast-pay/holdfast/internal/pb"

// Reason is why somebody is blocked, as the person is told.
type Reason = Told[pb.BlockReason]

// Reasons are all of them. The first is for those who were blocked without one.
var Reasons = []Reason{
	{pb.BlockReason_BLOCK_REASON_UNSPECIFIED, "unsaid", "账户已被限制使用，请联系客服。", "Your account is blocked; ask support why."},
	{pb.BlockReason_BLOCK_REASON_ASKED, "asked", "账户已按您的要求暂停使用。", "Your account is blocked because you asked for it."},
	{pb.BlockReason_BLOCK_REASON_TAKEN_OVER, "taken_over", "账户可能被他人使用，为保护资金已暂停。", "Somebody else may be using your account; it is blocked to protect your money."},
	{pb.BlockReason_BLOCK_REASON_SUSPECTED, "suspected", "账户有异常交易，正在核实。", "Payments of yours look like fraud and are being looked at."},
	{pb.BlockReason_BLOCK_REASON_DOCUMENTS, "documents", "请重新提交身份证明。", "Show again who you are, and your account is unblocked."},
	{pb.BlockReason_BLOCK_REASON_ORDERED, "ordered", "根据法律要求，账户已被限制。", "A court or an authority ordered your account to be blocked."},
	{pb.BlockReason_BLOCK_REASON_TERMS, "terms", "账户违反使用条款，已被限制。", "The terms of use were broken with your account."},
}

// Blocked is a reason as the person is told; an unknown one is like none.
func Blocked(why pb.BlockReason) Reason {
	if r, ok := toldOf(Reasons, why); ok {
		return r
	}
	return Reasons[0]
}

// BlockedFor finds a reason by its name.
func BlockedFor(name string) (Reason, bool) { return toldBy(Reasons, name) }
