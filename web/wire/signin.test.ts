import assert from "node:assert/strict";
import { test } from "node:test";
import { digits, draw, hashIn, session } from "./signin.ts";

test("a sign-in code is read back, and what is none is not", async () => {
	const s = await draw();
	const name = session("17", s);
	assert.match(name, /^hfs_17_[A-Za-z0-9_-]{43}$/);
	const text = btoa(String.fromCharCode(...s.hash)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
	assert.deepEqual(hashIn(text), s.hash);
	for (const wrong of ["", "abc", text + "A", text.slice(1), text.slice(1) + "!"]) assert.equal(hashIn(wrong), undefined);
	assert.match(digits(s.hash), /^\d{4}$/);
	assert.equal(digits(new Uint8Array([0, 7])), "0007");
});
