// Sentences of the pages about what happened: bills, receipts, reports.
import type { Text } from "../ui/words";

export const b = {
	steps: { zh: "经过", en: "What happened" },
	trail: { zh: "记账细节", en: "Journal details" },
	entryOf: (n: string): Text => ({ zh: `记账序号 ${n}`, en: `Journal entry ${n}` }),
	triesOf: (n: number): Text => ({ zh: `已通知 ${n} 次`, en: n === 1 ? "notified once so far" : `notified ${n} times so far` }),
	unread: { zh: "平台上的经过暂时读不到，下面是这台设备知道的。", en: "The platform's steps can't be read right now; these are the ones this device knows." },
	refunded: { zh: "已退款", en: "Refunded" },
	shop: { zh: "商家", en: "Shop" },

	// Receipts.
	receipt: { zh: "收据", en: "Receipt" },
	receiptText: { zh: "这台设备可以自己核对：平台签过名的账本里有没有这一笔，内容有没有改过。", en: "This device can check for itself that this entry is in the journal the platform signed, and that nothing in it was changed." },
	verify: { zh: "在这台设备上核对", en: "Verify on this device" },
	checking: { zh: "正在核对", en: "Checking" },
	proven: { zh: "核对无误", en: "Verified" },
	provenText: (n: string, size: string): Text => ({ zh: `账本第 ${n} 条，共 ${size} 条，签名和内容都对得上。`, en: `Entry ${n} of ${size} in the journal; signature and content are both right.` }),
	isFalse: { zh: "收据不成立", en: "This receipt is false" },
	falseText: { zh: "您的钱以账本为准。请反馈给我们，收据会作为证据一并提交。", en: "Your money is as the journal says. Please report this; the receipt goes with it as evidence." },
	noCheck: { zh: "这个浏览器不能核对签名", en: "This browser can't check signatures" },
	noCheckText: { zh: "收据本身没有问题。保存下来，换一个较新的浏览器，或用 holdfast receipt verify 核对。", en: "The receipt itself may be fine. Keep it, and check it in a newer browser or with holdfast receipt verify." },
	noReceipt: { zh: "收据还没有准备好", en: "The receipt isn't ready" },
	noReceiptText: { zh: "平台每隔一会儿给账本签一次名。过几秒再试。", en: "The platform signs its journal every little while. Try again in a few seconds." },
	keep: { zh: "保存收据文件", en: "Keep the receipt" },
	key: { zh: "账本公钥", en: "Journal's public key" },
	keyText: (t: string): Text => ({ zh: `${t} 起固定在这台设备上，随页面而来，不随收据而来。可与运营方公布的对照。`, en: `Kept on this device since ${t}. It came with the page, not with a receipt; you can compare it with the one the operator publishes.` }),
	keyChanged: { zh: "账本公钥变了", en: "The journal's public key has changed" },
	keyChangedText: { zh: "平台的账本公钥从不更换。先不要相信新收据，请向运营方核实。", en: "A journal's key never changes. Don't trust new receipts until you have asked the operator." },
	booked: { zh: "账上记的是", en: "Recorded for" },

	// Months.
	months: { zh: "按月看", en: "By month" },
	monthsOf: { zh: "每月收支", en: "In and out by month" },
	monthsSince: (t: string): Text => ({ zh: `${t} 以来`, en: `Since ${t}` }),
	everMore: { zh: "更早的月份", en: "Earlier months" },
	month: { zh: "月份", en: "Month" },
	net: { zh: "结余", en: "Net" },
	allMonths: { zh: "全部月份", en: "All months" },
	exporting: { zh: "正在读取全部账单", en: "Reading all bills" },

	// Reports.
	wrong: { zh: "这笔有问题", en: "Something is wrong" },
	report: { zh: "反馈问题", en: "Report a problem" },
	oneReport: { zh: "反馈", en: "Your report" },
	reports: { zh: "我的反馈", en: "My reports" },
	whatWrong: { zh: "出了什么问题？", en: "What is wrong?" },
	problem: { zh: "问题", en: "Problem" },
	whatWrongText: { zh: "点一下就发出。这笔的经过、收据和通知记录会自动附上，不用截图。", en: "One tap sends it. The steps, the receipt and the notices to the shop are attached; you need no screenshots." },
	sayMore: { zh: "补充说明（可不填）", en: "Details (optional)" },
	reported: { zh: "已收到", en: "We have your report" },
	promised: (t: string): Text => ({ zh: `最迟 ${t} 答复`, en: `You'll have an answer by ${t}` }),
	late: (t: string): Text => ({ zh: `本应在 ${t} 前答复，我们晚了。`, en: `An answer was promised by ${t}. We are late.` }),
	answer: { zh: "答复", en: "Answer" },
	answeredAt: { zh: "答复于", en: "Answered" },
	noWords: { zh: "答复暂时打不开，请稍后再看。", en: "The answer can't be opened right now. Look again later." },
	content: { zh: "已解决，结束反馈", en: "It's settled: close the report" },
	withdraw: { zh: "不需要答复了", en: "I no longer need an answer" },
	closed: { zh: "已结束", en: "Closed" },
	waits: { zh: "等待答复", en: "Waiting for an answer" },
	answered: { zh: "已答复", en: "Answered" },
	isLate: { zh: "答复晚了", en: "Late" },
	yours: { zh: "您说的", en: "What you said" },
	about: { zh: "关于", en: "About" },
	none: { zh: "还没有反馈", en: "No reports yet" },
	noneText: { zh: "在账单详情里点“这笔有问题”就能反馈。", en: "Tap “Something is wrong” in a bill to make one." },
	noReport: { zh: "没有这条反馈", en: "This report can't be found" },
	notSent: { zh: "没有发出", en: "Not sent" },
	evidence: { zh: "证据已附上", en: "Evidence attached" },
} satisfies Record<string, Text | ((...a: never[]) => Text)>;

// troubles are what can be wrong, as the platform names it.
export const troubles: Record<string, Text> = {
	not_received: { zh: "商家或对方说没收到", en: "They say they didn't get it" },
	charged_twice: { zh: "重复扣款", en: "Charged twice" },
	wrong_amount: { zh: "金额不对", en: "The amount is wrong" },
	not_me: { zh: "不是我付的", en: "It wasn't me" },
	refund_missing: { zh: "退款没到", en: "The refund hasn't come" },
	other: { zh: "其他问题", en: "Something else" },
};

// stepWords are the steps of what happened, as the platform names them.
export const stepWords: Record<string, Text> = {
	ordered: { zh: "商家下单", en: "The shop placed the order" },
	paid: { zh: "已支付", en: "Paid" },
	shop_told: { zh: "商家已收到通知", en: "The shop was notified" },
	telling_shop: { zh: "钱已付，正在通知商家", en: "Paid; notifying the shop" },
	shop_not_told: { zh: "钱已付，商家一直没有收到通知", en: "Paid, but the shop couldn't be notified" },
	refund_accepted: { zh: "商家退款", en: "The shop made a refund" },
	refunded: { zh: "退款到账", en: "The refund reached you" },
	sent: { zh: "转出", en: "Sent" },
	accepted: { zh: "对方已收", en: "Accepted" },
	declined: { zh: "对方退回", en: "Sent back" },
	expired: { zh: "未收，自动退回", en: "Not accepted, returned automatically" },
	thrown: { zh: "发出红包", en: "Red packet sent" },
	taken: { zh: "领到红包", en: "You got a share" },
	packet_over: { zh: "红包结束", en: "Red packet ended" },
};

// faults are where a receipt does not hold.
export const faults: Record<string, Text> = {
	checkpoint: { zh: "账本的签名不对。", en: "The journal's signature is not the platform's." },
	proof: { zh: "签过名的账本里没有这一条。", en: "The signed journal doesn't contain this entry." },
	entry: { zh: "这一条的内容读不出来，或不在它说的位置。", en: "The entry can't be read, or is not where it says it is." },
	opening: { zh: "显示的内容与记下的不同。", en: "What it shows is not what was recorded." },
	key: { zh: "页面里的账本公钥不成形。", en: "The journal's key in this page is malformed." },
};
