// A receipt, checked on this device with the journal's public key alone: the steps of
// docs/reference/receipts.md in their order, with the same outcome as
// `holdfast receipt verify`. verify.test.ts holds it to the platform's own vectors.
import type { Receipt } from "./api.gen";
import { readEntry, type Entry } from "./entry";
import { base64, unbase64 } from "../wire/base64";

// Why is what of a receipt does not hold. "browser" says nothing of the receipt: this
// browser can't check such signatures.
export type Why = "checkpoint" | "proof" | "entry" | "opening" | "key" | "browser";

// False is a receipt that does not hold, and where.
export class False extends Error {
	constructor(
		readonly why: Why,
		detail: string,
	) {
		super(detail);
	}
}

// Proven is what a receipt proves, once all of it was checked.
export interface Proven {
	entry: Entry;
	journal: string;
	size: bigint;
	openings: { field: string; value: string }[];
}

const mostEntry = 60_000;
const mostProof = 64;
const mostCheckpoint = 16 << 10;
const mostSignatures = 100;
const mostSize = 1n << 62n;
const hashSize = 32;
const leastSalt = 16;
const mostSalt = 64;
const ed25519 = 1;

type Bytes = Uint8Array<ArrayBuffer>;

const utf8 = (s: string): Bytes => new TextEncoder().encode(s) as Bytes;

const sha256 = async (...parts: Uint8Array[]): Promise<Bytes> => new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));

function join(...parts: Uint8Array[]): Bytes {
	const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
	let at = 0;
	for (const p of parts) {
		out.set(p, at);
		at += p.length;
	}
	return out;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((x, i) => x === b[i]);

// exactly reads base64 of one spelling.
function exactly(text: string): Bytes | undefined {
	try {
		const data = unbase64(text);
		return base64(data) === text ? data : undefined;
	} catch {
		return undefined;
	}
}

interface Key {
	name: string;
	hash: Bytes;
	key: Bytes;
}

const plainName = (name: string): boolean => name !== "" && !/[\s+]/u.test(name);

// readKey reads a verifier key: name, four bytes of hash, key.
async function readKey(vkey: string): Promise<Key> {
	const [name = "", hash = "", ...rest] = vkey.trim().split("+");
	const key = exactly(rest.join("+"));
	if (!plainName(name) || !/^[0-9a-f]{8}$/i.test(hash) || !key || key[0] !== ed25519 || key.length !== hashSize + 1) throw new False("key", "it is no verifier key");
	const sum = (await sha256(utf8(name), utf8("\n"), key)).slice(0, 4);
	if (hash.toLowerCase() !== Array.from(sum, (b) => b.toString(16).padStart(2, "0")).join("")) throw new False("key", "its hash is not of it");
	return { name, hash: sum, key: key.slice(1) };
}

async function signedBy(key: Key, body: Bytes, signature: Bytes): Promise<boolean> {
	let imported: CryptoKey;
	try {
		imported = await crypto.subtle.importKey("raw", key.key, { name: "Ed25519" }, false, ["verify"]);
	} catch {
		throw new False("browser", "it knows no Ed25519");
	}
	return crypto.subtle.verify({ name: "Ed25519" }, imported, signature, body);
}

// openNote checks a note's signature and returns what was signed (C2SP signed-note).
async function openNote(note: string, key: Key): Promise<string> {
	const broken = new False("checkpoint", "it is no signed note");
	if (utf8(note).length > mostCheckpoint || /[\u0000-\u0009\u000b-\u001f\ufffd]/.test(note)) throw broken;
	const split = note.lastIndexOf("\n\n");
	if (split < 0 || !note.endsWith("\n") || note.length === split + 2) throw broken;
	const body = note.slice(0, split + 1);
	const lines = note.slice(split + 2, -1).split("\n");
	if (lines.length > mostSignatures) throw broken;
	let signed = false;
	for (const line of lines) {
		const [, name = "", text = ""] = /^\u2014 (\S+) (\S+)$/u.exec(line) ?? [];
		const data = exactly(text);
		if (!plainName(name) || !data || data.length < 5) throw broken;
		if (name !== key.name || !same(data.slice(0, 4), key.hash) || signed) continue;
		if (!(await signedBy(key, utf8(body), data.slice(4)))) throw new False("checkpoint", "its signature is not of this key");
		signed = true;
	}
	if (!signed) throw new False("checkpoint", "this key has not signed it");
	return body;
}

// readCheckpoint reads the text that was signed: one spelling of it is taken.
function readCheckpoint(body: string, key: Key): { size: bigint; root: Bytes } {
	const [origin, size = "", root = "", ...rest] = body.slice(0, -1).split("\n");
	const hash = exactly(root);
	const indexes = rest.filter((l) => l.startsWith("index "));
	const whole = /^(0|[1-9]\d{0,19})$/;
	if (!whole.test(size) || BigInt(size) > mostSize || !hash || hash.length !== hashSize || rest.includes("") || indexes.length !== 1 || !whole.test((indexes[0] ?? "").slice(6))) {
		throw new False("checkpoint", "its text is not that of a checkpoint");
	}
	if (origin !== key.name) throw new False("checkpoint", "it is another journal's");
	return { size: BigInt(size), root: hash };
}

// include follows the inclusion proof from the leaf to the root (RFC 9162, 2.1.3.2).
async function include(r: Receipt, leaf: bigint, size: bigint, root: Bytes): Promise<void> {
	const wrong = new False("proof", "it does not lead to the checkpoint");
	if (leaf >= size || r.proof.length > mostProof) throw wrong;
	let h = await sha256(new Uint8Array([0]), r.entry);
	let fn = leaf;
	let sn = size - 1n;
	for (const p of r.proof) {
		if (p.length !== hashSize || sn === 0n) throw wrong;
		if ((fn & 1n) === 1n || fn === sn) {
			h = await sha256(new Uint8Array([1]), p, h);
			while ((fn & 1n) === 0n && fn !== 0n) {
				fn >>= 1n;
				sn >>= 1n;
			}
		} else h = await sha256(new Uint8Array([1]), h, p);
		fn >>= 1n;
		sn >>= 1n;
	}
	if (sn !== 0n || !same(h, root)) throw wrong;
}

const sized = (part: Uint8Array): Bytes => {
	const head = new Uint8Array(4);
	new DataView(head.buffer).setUint32(0, part.length);
	return join(head, part);
};

// opens compares each field that is shown with what the entry committed to.
async function opens(r: Receipt, entry: Entry): Promise<void> {
	const seen = new Set<number>();
	for (const o of r.openings) {
		const wrong = new False("opening", `${o.field} is not what was recorded`);
		const committed = entry.commitments[o.commitment];
		if (!committed || seen.has(o.commitment) || o.salt.length < leastSalt || o.salt.length > mostSalt) throw wrong;
		seen.add(o.commitment);
		if (!same(committed, await sha256(utf8("holdfast/commitment/1"), sized(o.salt), sized(utf8(o.field)), sized(utf8(o.value))))) throw wrong;
	}
}

// verify checks a receipt, and throws False at the first thing that does not hold.
export async function verify(r: Receipt, vkey: string): Promise<Proven> {
	const key = await readKey(vkey);
	const { size, root } = readCheckpoint(await openNote(r.checkpoint, key), key);
	if (r.entry.length === 0 || r.entry.length > mostEntry) throw new False("entry", "it is empty or too long");
	const leaf = BigInt(r.leafIndex);
	await include(r, leaf, size, root);
	let entry: Entry;
	try {
		entry = readEntry(r.entry as Bytes);
	} catch (e) {
		throw new False("entry", String(e));
	}
	if (entry.seq !== leaf) throw new False("entry", "it stands at another place");
	await opens(r, entry);
	return { entry, journal: key.name, size, openings: r.openings.map((o) => ({ field: o.field, value: o.value })) };
}

// file writes a receipt as the file that people keep and `holdfast receipt verify` reads.
export function file(r: Receipt): string {
	const kept = {
		entry: base64(r.entry),
		...(r.leafIndex === "0" ? {} : { leaf_index: r.leafIndex }),
		...(r.proof.length === 0 ? {} : { proof: r.proof.map(base64) }),
		checkpoint: r.checkpoint,
		...(r.openings.length === 0
			? {}
			: { openings: r.openings.map((o) => ({ ...(o.commitment === 0 ? {} : { commitment: o.commitment }), field: o.field, value: o.value, salt: base64(o.salt) })) }),
	};
	return JSON.stringify(kept, null, 2) + "\n";
}
