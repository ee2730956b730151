// Codes for tills, made on this device without a network: docs/concepts/codes.md.
import { call, now } from "./call";
import { get, put, update } from "./store";

// Source is what codes are made of. The secret is a key that can't be read out.
interface Source {
	alias: number;
	secret: CryptoKey;
	until: number;
	renewed: number;
	// ahead is how far the platform's clock was ahead of this device's, ms.
	ahead: number;
}

export const stepMs = 30_000;
const taps = 16;
const maxDigits = 10_000_000n;

// digitsOf is the code of an alias at a step after so many taps.
export async function digitsOf(secret: CryptoKey, alias: number, step: number, tap: number): Promise<string> {
	const head = new TextEncoder().encode("holdfast pay code 1\n");
	const message = new DataView(new ArrayBuffer(head.length + 12));
	head.forEach((b, i) => message.setUint8(i, b));
	message.setBigUint64(head.length, BigInt(step));
	message.setUint32(head.length + 8, tap);
	const mac = new DataView(await crypto.subtle.sign("HMAC", secret, message.buffer));
	const last = (mac.getBigUint64(0) % maxDigits).toString().padStart(7, "0");
	return `${10 + (mac.getUint8(8) % 6)}${String(alias).padStart(9, "0")}${last}`;
}

export const hmacKey = (secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> => crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);

const renewEach = 24 * 3600_000;

// renew asks for another alias where the one here is a day old. Without an answer the
// one that is here goes on.
export async function renew(): Promise<void> {
	const have = await get<Source>("paycode");
	if (have && Date.now() - have.renewed < renewEach) return;
	const given = await call("RenewPayCode", {});
	const secret = await hmacKey(given.secret as Uint8Array<ArrayBuffer>);
	await put("paycode", { alias: given.alias, secret, until: given.until, renewed: Date.now(), ahead: given.serverTime - Date.now() } satisfies Source);
}

export interface Shown {
	code: string;
	// until is when this device shows the next one.
	until: number;
}

// show makes the next code; undefined where there is nothing to make it of, or all of
// this half minute's were shown.
export async function show(): Promise<Shown | undefined> {
	const from = await get<Source>("paycode");
	if (!from) return undefined;
	const ahead = Math.abs(now() - Date.now()) > 0 ? now() - Date.now() : from.ahead;
	const at = Date.now() + ahead;
	if (at > from.until) return undefined;
	const step = Math.floor(at / stepMs);
	const tap = await update<{ step: number; tap: number }>("taps", (last) => ({ step, tap: last?.step === step ? last.tap + 1 : 0 }));
	if (tap.tap >= taps) return undefined;
	return { code: await digitsOf(from.secret, from.alias, step, tap.tap), until: (step + 1) * stepMs - ahead };
}
