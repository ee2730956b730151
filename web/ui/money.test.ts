import assert from "node:assert/strict";
import test from "node:test";
import { digits, parse, press, yuan, type Key } from "./money";

test("amounts are written to the fen", () => {
	for (const [fen, want] of [[1, "0.01"], [0, "0.00"], [100, "1.00"], [123456, "1,234.56"], [999999999, "9,999,999.99"], [-2300, "23.00"]] as const) {
		assert.equal(digits(fen), want);
	}
	assert.equal(yuan(-2300), "\u2212¥23.00");
});

test("amounts are read to the fen, or not at all", () => {
	for (const [typed, want] of [
		["23", 2300], ["23.5", 2350], ["0.29", 29], ["1.10", 110], ["¥1,234.50", 123450], ["１２。５０", 1250], ["8.", 800], [".5", 50], ["12元", 1200], ["9999999.99", 999999999],
	] as const) assert.equal(parse(typed), want, typed);
	for (const typed of ["", ".", "-1", "1.234", "1e3", "abc", "1.2.3", "10000000", "0x10"]) assert.equal(parse(typed), undefined, typed);
});

test("all amounts up to a yuan survive being written and read", () => {
	for (let fen = 0; fen <= 100_00; fen++) assert.equal(parse(digits(fen)), fen);
});

test("the pad takes no key that would make no amount", () => {
	const typed = (keys: string) => [...keys].reduce((shown, k) => press(shown, (k === "<" ? "back" : k) as Key), "");
	for (const [keys, want] of [["23", "23"], ["1.005", "1.00"], ["..5", "0.5"], ["007", "7"], ["00.5", "0.5"], ["12345678", "1234567"], ["12<<", ""], ["1.2.3", "1.23"]] as const) {
		assert.equal(typed(keys), want, keys);
	}
});
