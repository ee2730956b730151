import assert from "node:assert/strict";
import test from "node:test";
import { frame, Frames } from "./stream";

test("messages are whole however they arrive", () => {
	const sent = [frame('{"cursor":"1"}'), frame("{}"), frame('{"cursor":"2","happened":[{"who":"茶铺"}]}')];
	const bytes = Uint8Array.from(sent.flatMap((f) => [...f]));
	for (const size of [1, 3, 7, bytes.length]) {
		const frames = new Frames();
		const got: string[] = [];
		for (let at = 0; at < bytes.length; at += size) got.push(...frames.add(bytes.slice(at, at + size)).map((f) => f.text));
		assert.deepEqual(got, ['{"cursor":"1"}', "{}", '{"cursor":"2","happened":[{"who":"茶铺"}]}'], String(size));
	}
	const last = frame("{}");
	last[0] = 2;
	assert.equal(new Frames().add(last)[0]?.last, true);
});
