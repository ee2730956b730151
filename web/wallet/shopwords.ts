// Sentences of the pages about a person's own shops.
import type { Text } from "../ui/words";

export const s = {
	// Signing in at work.
	signIn: { zh: "登录收银台", en: "Sign a till in" },
	signInDo: { zh: "确认登录", en: "Sign it in" },
	signInAs: (who: string, roles: string): Text => ({ zh: `以“${who}”${roles}的身份登录面前的设备`, en: `Sign in the device in front of you as ${roles} of ${who}` }),
	sameDigits: { zh: "设备上应显示同样的四位数字", en: "The screen must show the same four digits" },
	signInText: { zh: "登录后，这台设备可以收款、退款和查看今日收款，16 小时后自动退出。别人发来的码不要确认。", en: "It can then take payments, refund them and see the takings, and is signed out after 16 hours. Never confirm a code that somebody sent you." },
	signedIn: { zh: "已登录", en: "Signed in" },
	signedInText: (who: string): Text => ({ zh: `设备已登录“${who}”。随时可以在手机上退出它。`, en: `The screen is signed in for ${who}. You can sign it out from your phone at any time.` }),
	asWhom: { zh: "登录哪一家？", en: "For which shop?" },
	noWork: { zh: "您还没有店铺", en: "You have no shop yet" },
	noWorkText: { zh: "开店获批后，就可以用手机登录收银台。", en: "Once a shop of yours is approved, you sign its tills in with your phone." },
	codeBroken: { zh: "登录码不完整", en: "The sign-in code is not whole" },
	codeBrokenText: { zh: "请在设备上换一个新的登录码再扫。", en: "Have the screen show a new one, and scan that." },
	work: { zh: "已登录的收银台", en: "Tills signed in" },
	signInHow: { zh: "在平板上打开收银台页面，选“用我的钱包登录”，用这部手机扫码", en: "Open the till page on a tablet, choose “Sign in with my wallet”, and scan its code with this phone" },
	workText: { zh: "丢失的平板可以在这里立即退出。", en: "A tablet that was lost is signed out here, at once." },
	nowhere: { zh: "没有登录中的设备", en: "No screen is signed in" },
	since: (from: string, to: string): Text => ({ zh: `${from} 登录，到 ${to}`, en: `Since ${from}, until ${to}` }),
	endTitle: { zh: "退出这台设备", en: "Sign it out" },
	endText: { zh: "它立即不能再收款和退款。已开始的收款不会丢。", en: "It can take and refund nothing from now on. What was begun is not lost." },
	endDo: { zh: "退出", en: "Sign out" },
	staff: { zh: "工作人员", en: "Staff" },

	shops: { zh: "我的小店", en: "My shops" },
	shop: { zh: "小店", en: "Shop" },
	none: { zh: "用手机开个小店", en: "Open a shop by phone" },
	noneText: { zh: "填店名、拍张照片。审核通过后就有自己的收款码，打印出来贴上即可收款。", en: "All it takes is a name and a photo. Once approved, you get your own code: print it, put it up, and get paid." },
	open: { zh: "申请开店", en: "Open a shop" },
	oneAtATime: { zh: "一次审核一家。这家有结果后可以再申请。", en: "One shop is reviewed at a time. You can apply for another after this one." },
	noShop: { zh: "没有这家小店", en: "This shop can't be found" },

	// Applying.
	name: { zh: "店名", en: "Shop name" },
	nameHint: { zh: "顾客付款时看到的名字", en: "What customers see when they pay" },
	kind: { zh: "类型", en: "Type" },
	category: { zh: "卖什么（可不填）", en: "What it sells (optional)" },
	soldHere: { zh: "卖什么", en: "What it sells" },
	picture: { zh: "店面照片", en: "Photo" },
	pictureText: { zh: "摊位、门面或车辆。照片会缩小后发出，不带拍摄地点和时间。", en: "Your stall, shop front or car. The photo is made smaller before it is sent, without where and when it was taken." },
	camera: { zh: "拍照", en: "Take a photo" },
	file: { zh: "选择图片", en: "Choose a file" },
	unreadable: { zh: "读不了这张图片，请换一张 JPEG 或 PNG。", en: "This file can't be read. Choose a JPEG or PNG." },
	send: { zh: "提交申请", en: "Apply" },
	nameless: { zh: "请填店名", en: "Enter the shop's name" },
	pictureless: { zh: "请附一张照片", en: "Add a photo" },

	// What came of it.
	waiting: { zh: "等待审核", en: "Waiting for approval" },
	waitingText: { zh: "有结果时这里会自动显示，可以离开本页。", en: "The decision will appear here. You can leave this page." },
	approved: { zh: "已开通", en: "Open" },
	refused: { zh: "没有通过", en: "Not approved" },
	words: { zh: "审核员说", en: "Reviewer's note" },
	appliedAt: { zh: "申请时间", en: "Applied" },
	decidedAt: { zh: "审核时间", en: "Decided" },
	applyAgain: { zh: "重新申请", en: "Apply again" },

	// An open shop.
	takings: { zh: "待转入余额的收款", en: "Takings not yet moved" },
	takingsText: { zh: "顾客付的钱先记在店里，随时可转入您的余额。", en: "What customers pay stays in the shop. Move it to your balance whenever you like." },
	take: { zh: "转入我的余额", en: "Move to my balance" },
	nothing: { zh: "还没有可转入的收款", en: "Nothing to move yet" },
	code: { zh: "收款码", en: "Payment code" },
	codeText: { zh: "顾客扫这个码付款，打印的也是它。", en: "Customers scan this to pay. The printed one is the same." },
	link: { zh: "收款链接", en: "Payment link" },
	print: { zh: "打印", en: "Print" },
	a6: { zh: "贴纸 A6", en: "Sheet, A6" },
	a4: { zh: "海报 A4", en: "Sheet, A4" },
	svg: { zh: "只要码，矢量图", en: "Code only, any size" },
	png: { zh: "只要码，图片", en: "Code only, picture" },
	noSheet: { zh: "没有生成", en: "It couldn't be made" },
	mchid: { zh: "商户号", en: "Merchant number" },

	// Taking the takings.
	howMuch: { zh: "转入余额", en: "Move to balance" },
	all: (x: string): Text => ({ zh: `全部 ${x}`, en: `All ${x}` }),
	move: (x: string): Text => ({ zh: `转入 ${x}`, en: `Move ${x}` }),
	inShop: (x: string): Text => ({ zh: `店里有 ${x}`, en: `${x} is in the shop` }),
	tooMuch: (x: string): Text => ({ zh: `店里只有 ${x}。`, en: `There is only ${x} in the shop.` }),
	refunds: { zh: "转出的钱不能再用来退款。", en: "Money you move can no longer be used for refunds." },
} satisfies Record<string, Text | ((...a: never[]) => Text)>;

// roles are what somebody can be at work, as the platform names it.
export const roles: Record<string, Text> = {
	owner: { zh: "店主", en: "owner" },
	cashier: { zh: "收银员", en: "cashier" },
	developer: { zh: "开发者", en: "developer" },
};

// kinds are what a shop can be, as the platform names it.
export const kinds: Record<string, Text> = {
	stall: { zh: "摊位", en: "A stall" },
	shop: { zh: "店铺", en: "A shop" },
	restaurant: { zh: "餐馆", en: "A restaurant" },
	driver: { zh: "司机", en: "A driver" },
	service: { zh: "服务", en: "A service" },
	other: { zh: "其他", en: "Something else" },
};
