package dev

import (
	"cmp"
	"fmt"
	"strings"
)

// guide says where everything is and what to try next.
func (s *story) guide(f *folder, d sandboxFile, a addresses) {
	data := f.first()
	lines := []string{
		"",
		s.bold(s.in("地址", "Addresses")),
		s.in("  商户 API       ", "  merchant API   ") + d.BaseURL + "/v3/",
		s.in("  收银台         ", "  cashier        ") + d.BaseURL + "/pay/{prepay_id}",
		s.in("  沙箱           ", "  sandbox        ") + d.SandboxURL + "/",
		s.in("  示例商户       ", "  demo shop      ") + "http://" + a.Shop + "/",
		s.in("  管理           ", "  administration ") + d.AdminURL,
		s.in("  钱包           ", "  wallet         ") + d.WalletURL + s.in("/ （浏览器打开）", "/ (in a browser)"),
		s.in("  代理           ", "  proxy          ") + d.ProxyURL,
		s.in("  全部凭据       ", "  credentials    ") + f.path("sandbox.json"),
		s.in("  日志           ", "  logs           ") + f.path("logs"),
		"",
		s.bold(s.in("试一试", "Try")),
		s.in("  # 在示例商户下一单，打开返回的 code_url 付款", "  # place an order in the demo shop, then open the code_url it answers"),
		fmt.Sprintf("  curl -s http://%s/orders -H 'Accept: application/json' -d description=tea -d total=250", a.Shop),
		s.in("  # 或者不用手机，直接付款", "  # or pay it without a phone"),
		fmt.Sprintf(`  curl -s %s/pay -d '{"code_url":"CODE_URL","payer":"小红"}'`, d.SandboxURL),
		s.in("  # 用任意手机号开通自己的钱包（验证码显示在这里），再用它付款；在浏览器里也可以", "  # get a wallet with any phone number (the code shows up here), and pay with it; in a browser too"),
		fmt.Sprintf("  holdfast wallet enrol 13800000000 --to %s --name 小明", d.WalletURL),
		s.in("  # 示例付款人的手机（支付密码 "+demoPIN+"）：付款，或拆群红包", "  # the demo payers' phones (PIN "+demoPIN+"): pay, or open the group's red packet"),
		fmt.Sprintf("  holdfast wallet open %s --wallet %s", cmp.Or(d.PacketLink, "LINK"), quoteShell(f.path("people", second+".json"))),
		s.in("  # 通知送到了吗？为什么？", "  # was the notice delivered, and why (not)?"),
		fmt.Sprintf("  curl -s '%s/notices?limit=5'", d.SandboxURL),
		s.in("  # 把业务时间拨快两小时", "  # move business time two hours ahead"),
		fmt.Sprintf(`  curl -s %s/clock -d '{"advance":"2h"}'`, d.SandboxURL),
		s.in("  # 查看一笔订单的全部", "  # everything about one order"),
		fmt.Sprintf("  holdfast inspect order TRANSACTION_ID --data %s", quoteShell(data)),
		"",
		s.bold(s.in("接入自己的代码（凭据都在 sandbox.json）", "Point your own code here (credentials are in sandbox.json)")),
		s.in("  # 一行代码都不用改：在它的 shell 里执行", "  # not a line of it changes: in its shell"),
		fmt.Sprintf(`  eval "$(holdfast dev --print-env --data %s)"`, quoteShell(f.dir)),
		s.in("  # 或者把它的接口地址改为上面的商户 API", "  # or set its API address to the merchant API above"),
		s.in("  # 向自己的回调地址发一条通知；问签名错在哪里", "  # send a notice to your own endpoint; ask what is wrong with a signature"),
		fmt.Sprintf("  holdfast trigger TRANSACTION.SUCCESS --to http://127.0.0.1:8000/notify --data %s", quoteShell(f.dir)),
		fmt.Sprintf("  holdfast diagnose request.txt --data %s", quoteShell(f.dir)),
		s.in("  详见 docs/guides/sandbox.md", "  more in docs/guides/sandbox.md"),
	}
	for _, l := range lines {
		s.line("%s", l)
	}
}

// farewell says how it ends.
func (s *story) farewell() {
	s.line("\n%s", s.in("Ctrl-C 停止；再次运行会沿用同一文件夹。", "Ctrl-C stops it; the next run goes on with the same folder."))
}

// quoteShell protects a path on a command line.
func quoteShell(path string) string {
	for _, r := range path {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r == '/', r == '.', r == '_', r == '-':
		default:
			return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
		}
	}
	return path
}
