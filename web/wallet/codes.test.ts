import assert from "node:assert/strict";
import test from "node:test";
import { about, returnTo } from "./codes";

test("a page to return to is a plain address, named by its host", () => {
	assert.deepEqual(returnTo("https://shop.example/done?x=1"), { url: "https://shop.example/done?x=1", host: "shop.example" });
	for (const text of [null, "", "/done", "javascript:alert(1)", "data:text/html,x", "https://a:b@shop.example/", "https://" + "x".repeat(1100)]) assert.equal(returnTo(text), undefined);
	// A name that looks like another shows as what it is.
	assert.equal(returnTo("https://sh\u043ep.example/")?.host, "xn--shp-ted.example");
});

test("codes are told apart", () => {
	const id = "wx20260301120000ffffffffffffffffffff";
	for (const text of [id, ` ${id}\n`, `https://pay.example.com/pay/${id}`, `http://127.0.0.1:9080/pay/${id}?lang=en`]) {
		assert.deepEqual(about(text), { kind: "pay", code: id }, text);
	}
	const token = "BwcHBwcHBwcHBwcHBwcHBw";
	for (const at of ["https://pay.example.com", "https://tea.example.com/holdfast"]) assert.deepEqual(about(`${at}/c/${token}`), { kind: "till", token });
	assert.deepEqual(about("https://w.example/packet#12.abcd"), { kind: "packet", link: "12.abcd" });
	assert.deepEqual(about("holdfast:receive/00ff"), { kind: "person", code: "holdfast:receive/00ff" });
	assert.deepEqual(about("wxp://f2f0abc"), { kind: "foreign", whose: "wechat" });
	assert.deepEqual(about("https://qr.alipay.com/fkx123"), { kind: "foreign", whose: "alipay" });
	assert.deepEqual(about("https://qr.95516.com/00010000/1"), { kind: "foreign", whose: "unionpay" });
	for (const text of ["", "hello", "https://example.com/", "javascript:alert(1)", "https://pay.example.com/pay/../x"]) assert.equal(about(text).kind, "unknown", text);
});
