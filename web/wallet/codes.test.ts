import assert from "node:assert/strict";
import test from "node:test";
import { about } from "./codes";

test("codes are told apart", () => {
	const id = "wx20260301120000ffffffffffffffffffff";
	for (const text of [id, ` ${id}\n`, `https://pay.example.com/pay/${id}`, `http://127.0.0.1:9080/pay/${id}?lang=en`]) {
		assert.deepEqual(about(text), { kind: "pay", code: id }, text);
	}
	assert.deepEqual(about("https://w.example/packet#12.abcd"), { kind: "packet", link: "12.abcd" });
	assert.deepEqual(about("wxp://f2f0abc"), { kind: "foreign", whose: "wechat" });
	assert.deepEqual(about("https://qr.alipay.com/fkx123"), { kind: "foreign", whose: "alipay" });
	assert.deepEqual(about("https://qr.95516.com/00010000/1"), { kind: "foreign", whose: "unionpay" });
	for (const text of ["", "hello", "https://example.com/", "javascript:alert(1)", "https://pay.example.com/pay/../x"]) assert.equal(about(text).kind, "unknown", text);
});
