import assert from "node:assert/strict";
import test from "node:test";
import { once, type Act } from "./acts";
import { messages } from "./api.gen";
import { call, Lost, Refused } from "./call";
import { fromJSON, toJSON } from "../wire/json";

const tea: Act = { id: "tea", kind: "Pay", request: { code: "wx1", clientId: "tea" }, amount: 300, who: "茶铺", what: "", begun: 1, state: "sending" };
const answers = (f: () => unknown) => (async () => f()) as unknown as typeof call;

test("an act whose answer was lost has no outcome yet", async () => {
	for (const e of [new Lost(), new Refused("overloaded", "", 1), new Refused("not_leader", "", 0)]) {
		assert.equal(await once(tea, answers(() => { throw e; })), undefined);
	}
});

test("an act ends as the platform says", async () => {
	assert.equal((await once(tea, answers(() => ({ transactionId: "42" }))))?.state, "done");
	const refused = await once(tea, answers(() => { throw new Refused("balance_too_low", "Too low.", 0); }));
	assert.equal(refused?.state, "refused");
	assert.equal(refused?.code, "balance_too_low");
});

test("messages are read with what was left out, and to the fen", () => {
	const w = fromJSON(messages, "WalletView", { balance: "9007199254740991", devices: [{ device: "AAE=", this: true }] });
	assert.equal(w.balance, Number.MAX_SAFE_INTEGER);
	assert.equal(w.hasPin, false);
	assert.equal((w.devices as { this: boolean }[])[0]?.this, true);
	assert.throws(() => fromJSON(messages, "WalletView", { balance: "9007199254740993" }));
	assert.equal(fromJSON(messages, "CheckPinResponse", {}).grant, "0");
	assert.equal(toJSON({ publicKey: new Uint8Array([0, 1]), name: undefined }), '{"publicKey":"AAE="}');
});
