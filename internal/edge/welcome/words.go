package welcome

// words is one language.
type words struct {
	Tag, Other, SwitchTo, Brand, Lead, Foot                                             string
	Welcome, Diagnose, DiagnoseTitle, DiagnoseLead                                      string
	FormTitle, FormText, FormHint, FormWith, More                                       string
	Result, Good, Bad, Wrong, Note, Expected, Bytes, Signed, Opened, Unreadable, Larger string

	sections []section
}

// section is one thing to try. {base} is the sandbox's address.
type section struct{ Title, Text, Code string }

var languages = map[string]*words{"zh": chinese, "en": english}

var chinese = &words{
	Tag: "zh-CN", Other: "en", SwitchTo: "English", Brand: "Holdfast 沙箱",
	Welcome: "支付沙箱已就绪", Lead: "APIv3 的完整流程：真实的签名、加密和回调，没有真实资金。下面每一段都可以直接复制。",
	Diagnose: "查错", DiagnoseTitle: "签名哪里错了？", DiagnoseLead: "粘贴一条请求或一条通知，逐字节告诉您错在哪里。",
	FormTitle: "查错", FormText: "请求或通知的原文", FormHint: "请求行、请求头、空行、请求体，与发送（收到）的逐字节一致；curl -v 的输出也可以。",
	FormWith: "您验签用的证书或公钥（PEM）", More: "查通知：您用什么验签？",
	Result: "结果", Good: "签名正确，没有发现错误。", Bad: "有错误：", Wrong: "错误", Note: "注意",
	Expected: "应签名（验签）的内容", Bytes: "字节", Signed: "实际签名的内容", Opened: "通知解密后",
	Unreadable: "看不懂这段内容。", Larger: "内容过大。", Foot: "仅供开发测试，没有真实资金。与腾讯公司无关。",
	sections: []section{
		{"一行代码都不用改", "在您程序的 shell 里执行，https://api.mch.weixin.qq.com 就通向这里。", `eval "$(holdfast dev --print-env)"`},
		{"或者只改接口地址", "商户号、密钥、证书、APIv3 密钥都在沙箱文件夹的 sandbox.json 里。", "{base}/v3/"},
		{"不用手机，直接付款", "code_url、prepay_id、h5_url 任选其一；付款人：小明、小红、小刚（余额不足）。", `curl {base}/sandbox/pay -d '{"code_url":"…","payer":"小红"}'`},
		{"通知送到了吗？", "每条通知的每次尝试、明文，以及为什么送达或没有送达。", "curl '{base}/sandbox/notices?limit=5'"},
		{"向自己的回调地址发一条", "真实签名和加密；也可以重复、过期、伪造、改动，看您的程序是否拒绝。", "holdfast trigger TRANSACTION.SUCCESS --to http://127.0.0.1:8000/notify\nholdfast trigger TRANSACTION.SUCCESS --to http://127.0.0.1:8000/notify --fault forged"},
		{"把时间拨快", "订单过期、自动关单、通知重试都随业务时间走。", `curl {base}/sandbox/clock -d '{"advance":"2h"}'`},
	},
}

var english = &words{
	Tag: "en", Other: "zh", SwitchTo: "中文", Brand: "Holdfast sandbox",
	Welcome: "A payment sandbox, ready", Lead: "APIv3 from end to end: real signatures, encryption and callbacks, and no real money. Every block below can be copied as it is.",
	Diagnose: "Diagnose", DiagnoseTitle: "What is wrong with the signature?", DiagnoseLead: "Paste a request or a notice and learn what is wrong, to the byte.",
	FormTitle: "Diagnose", FormText: "The request or the notice, raw", FormHint: "Request line, headers, an empty line, the body, byte for byte as it was sent or received; the output of curl -v will do.",
	FormWith: "The certificate or public key that you verify with (PEM)", More: "For a notice: what do you verify with?",
	Result: "Result", Good: "The signature is right, and nothing wrong was found.", Bad: "Something is wrong:", Wrong: "Wrong", Note: "Note",
	Expected: "What has to be signed (or verified)", Bytes: "bytes", Signed: "What was signed", Opened: "The notice, opened",
	Unreadable: "This can't be read.", Larger: "This is too large.", Foot: "For development only; no real money is here. Not affiliated with Tencent.",
	sections: []section{
		{"Not a line of code changes", "In your program's shell; https://api.mch.weixin.qq.com then leads here.", `eval "$(holdfast dev --print-env)"`},
		{"Or change the API's address only", "Merchant number, key, certificate and APIv3 key are in sandbox.json in the sandbox's folder.", "{base}/v3/"},
		{"Pay without a phone", "By code_url, prepay_id or h5_url, as 小明, 小红 or 小刚, who can't afford much.", `curl {base}/sandbox/pay -d '{"code_url":"…","payer":"小红"}'`},
		{"Was the notice delivered?", "Each notice with its attempts, its plaintext, and why it was delivered or wasn't.", "curl '{base}/sandbox/notices?limit=5'"},
		{"Send one to your own endpoint", "Truly signed and sealed; or twice, late, forged, altered: does your program refuse what it should?", "holdfast trigger TRANSACTION.SUCCESS --to http://127.0.0.1:8000/notify\nholdfast trigger TRANSACTION.SUCCESS --to http://127.0.0.1:8000/notify --fault forged"},
		{"Move the clock", "Expiry, automatic close and the notices' schedule follow business time.", `curl {base}/sandbox/clock -d '{"advance":"2h"}'`},
	},
}
