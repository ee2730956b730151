import assert from "node:assert/strict";
import test from "node:test";
import { due, known, pieces, readCart } from "./cart";

const goods = [{ id: "tea", zh: "茶", en: "tea", price: 1250 }, { id: "cup", zh: "杯", en: "cup", price: 3600 }];

test("a cart is read as far as it is one, and comes to what its goods cost", () => {
	assert.deepEqual(readCart("not json"), {});
	assert.deepEqual(readCart('{"tea":2,"cup":-1,"x":1.5,"many":100}'), { tea: 2 });
	assert.equal(due({ tea: 2, cup: 1 }, goods), 6100);
	assert.deepEqual(known({ tea: 2, gone: 1 }, goods), { tea: 2 });
	assert.equal(pieces({ tea: 2, cup: 1 }), 3);
});
