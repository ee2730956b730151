import assert from "node:assert/strict";
import test from "node:test";
import { Lost, Refused } from "../wire/outcome";
import type { call } from "./call";
import { once, type Deed } from "./deeds";
import { payCode } from "./sale";
import { read } from "./scanner";
import { tokenIn } from "./session";

const code = "131234567890123456";
const token = `hft_17_${"a".repeat(43)}`;

test("what a hand scanner types is known wherever it was typed", () => {
	assert.deepEqual(read(`23${code}`), { kind: "pay", text: code, size: 18 });
	assert.deepEqual(read(code), { kind: "pay", text: code, size: 18 });
	assert.equal(read("23.50"), undefined);
	assert.equal(read("991234567890123456"), undefined);
	const mine = `holdfast:receive/${"0a".repeat(16)}`;
	assert.equal(read(`x${mine}`)?.text, mine);
	assert.equal(read(`${mine}/1250/ab_-9`)?.kind, "receive");
	const link = `https://w.example.com/till/#${token}`;
	assert.equal(read(link)?.text, link);
	assert.equal(tokenIn(link), token);
	assert.equal(tokenIn(`${link.slice(0, -1)}`), undefined);
});

test("a pay code may be typed in groups", () => {
	assert.equal(payCode("1312 3456 7890 123456"), code);
	assert.equal(payCode("1312"), undefined);
});

test("a deed ends as the platform says, and until then nobody knows", async () => {
	const d: Deed = { id: "a", call: "TakeCash", request: {}, amount: 1, begun: 1, state: "sending", lostSince: 5 };
	const answers = (f: () => unknown) => (async () => f()) as unknown as typeof call;
	for (const e of [new Lost(), new Refused("overloaded", "", 1), new Refused("staff_secret_invalid", "", 0)]) {
		assert.equal(await once(d, answers(() => { throw e; })), undefined);
	}
	const done = await once(d, answers(() => ({ who: "**明" })));
	assert.equal(done?.state, "done");
	assert.equal(done?.lostSince, undefined);
	assert.equal((await once(d, answers(() => { throw new Refused("cash_short", "Short.", 0); })))?.code, "cash_short");
});
