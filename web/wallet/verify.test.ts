import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { messages, type Receipt } from "./api.gen";
import { fromJSON } from "../wire/json";
import { False, file, verify, type Why } from "./verify";

// The platform's own vectors: what Go makes and checks, this checks too.
const vectors = "../internal/engine/journal/testdata/";
const text = readFileSync(vectors + "receipt.golden.json", "utf8");
const key = readFileSync(vectors + "verifier.golden", "utf8");

// read reads a receipt file, whose keys are the schema's.
const read = (): Receipt => fromJSON(messages, "Receipt", JSON.parse(text.replace('"leaf_index"', '"leafIndex"'))) as unknown as Receipt;

async function refused(change: (r: Receipt) => void, by = key): Promise<Why> {
	const r = read();
	change(r);
	try {
		await verify(r, by);
	} catch (e) {
		if (e instanceof False) return e.why;
		throw e;
	}
	throw new Error("an altered receipt holds");
}

test("a receipt holds with the journal's key alone", async () => {
	const p = await verify(read(), key);
	assert.equal(p.entry.seq, 269n);
	assert.equal(p.size, 300n);
	assert.equal(p.entry.entity, "order/17");
	assert.deepEqual(p.entry.postings, [{ code: 1, debit: "user/3/balance", credit: "mch/1900000001/pending", amount: 1234n, currency: 156 }]);
	assert.equal(p.openings[1]?.value, "李雷");
});

test("the file that is kept is the one that the command line reads", () => {
	assert.deepEqual(JSON.parse(file(read())), JSON.parse(text));
});

test("no byte of the entry can change", async () => {
	for (let i = 0; i < read().entry.length; i++) assert.equal(await refused((r) => void ((r.entry[i] as number) ^= 1)), "proof", `byte ${i}`);
});

test("what is altered does not hold, and it is said where", async () => {
	const flip = (bytes: Uint8Array | undefined) => void (bytes && ((bytes[3] as number) ^= 1));
	const cases: [Why, (r: Receipt) => void][] = [
		["proof", (r) => flip(r.proof[2])],
		["proof", (r) => void r.proof.pop()],
		["proof", (r) => void r.proof.push(new Uint8Array(32))],
		["proof", (r) => void r.proof.splice(0, 1, new Uint8Array(31))],
		["proof", (r) => void (r.leafIndex = "268")],
		["proof", (r) => void (r.leafIndex = "300")],
		["entry", (r) => void (r.entry = new Uint8Array())],
		["opening", (r) => void (r.openings[0] && (r.openings[0].value += "x"))],
		["opening", (r) => flip(r.openings[1]?.salt)],
		["opening", (r) => void (r.openings[1] && (r.openings[1].commitment = 0))],
		["opening", (r) => void (r.openings[1] && (r.openings[1].commitment = 9))],
		["opening", (r) => void (r.openings[0] && (r.openings[0].salt = new Uint8Array(8)))],
		["checkpoint", (r) => void (r.checkpoint = r.checkpoint.replace("\n300\n", "\n301\n"))],
		["checkpoint", (r) => void (r.checkpoint = r.checkpoint.replace("index 309", "index 310"))],
		["checkpoint", (r) => void (r.checkpoint = r.checkpoint.replace("S4kHdP", "S4kHdQ"))],
		["checkpoint", (r) => void (r.checkpoint = r.checkpoint.replace("QebQ=", "QebR="))],
		["checkpoint", (r) => void (r.checkpoint = r.checkpoint.replace(/hQs=\n$/, "hQw=\n"))],
		["checkpoint", (r) => void (r.checkpoint = r.checkpoint.replace(/\n\u2014.*\n$/, "\n"))],
		["checkpoint", (r) => void (r.checkpoint = "")],
	];
	for (const [i, [why, change]] of cases.entries()) {
		const before = JSON.stringify(read());
		const r = read();
		change(r);
		if (JSON.stringify(r) === before) continue; // the vector has no such text
		assert.equal(await refused(change), why, `case ${i}`);
	}
});

test("another key is not the journal's", async () => {
	assert.equal(await refused(() => {}, key.replace("AbxY", "AbxZ")), "key");
	assert.equal(await refused(() => {}, "nonsense"), "key");
});
