import assert from "node:assert/strict";
import test from "node:test";
import { digitsOf, hmacKey } from "./paycode";

test("a code is the one that the platform makes", async () => {
	// The same stands in internal/rule/paycode's test.
	const secret = new Uint8Array(32).fill(1);
	const key = await hmacKey(secret);
	assert.equal(key.extractable, false);
	assert.equal(await digitsOf(key, 7, 59_166_666, 15), "110000000070862657");
});
