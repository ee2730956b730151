// How calls are signed: RFC 9421 in the one shape that docs/reference/wallet-api.md
// writes down. sign.test.ts holds it to the same text as the platform's own test.

import { base64 } from "../wire/base64";

export const tagName = "holdfast-wallet";
const components = '("@method" "@authority" "@path" "content-digest")';

export interface Params {
	// created is Unix seconds, counter the device's own count of calls.
	created: number;
	counter: number;
	key: Uint8Array;
}

export interface Target {
	method: string;
	authority: string;
	path: string;
}

export async function digest(body: Uint8Array<ArrayBuffer>): Promise<string> {
	return `sha-256=:${base64(new Uint8Array(await crypto.subtle.digest("SHA-256", body)))}:`;
}

const inner = (p: Params): string =>
	`${components};created=${p.created};nonce="${p.counter}";keyid="${base64(p.key)}";alg="ecdsa-p256-sha256";tag="${tagName}"`;

// input is the value of Signature-Input.
export const input = (p: Params): string => `sig=${inner(p)}`;

// base is the text that is signed.
export const base = (t: Target, contentDigest: string, p: Params): string =>
	`"@method": ${t.method}\n"@authority": ${t.authority.toLowerCase()}\n"@path": ${t.path}\n"content-digest": ${contentDigest}\n"@signature-params": ${inner(p)}`;

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

// newKey makes a device's key, which can't be taken out of this browser.
export const newKey = (): Promise<CryptoKeyPair> => crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]) as Promise<CryptoKeyPair>;

// point is the public key, an uncompressed point.
export const point = async (k: CryptoKey): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await crypto.subtle.exportKey("raw", k));

const idSize = 16;

// deviceID is the start of SHA-256 of the public key.
export const deviceID = async (publicKey: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
	new Uint8Array(await crypto.subtle.digest("SHA-256", publicKey)).slice(0, idSize);

// signed returns the headers of a signed call.
export async function signed(key: CryptoKey, t: Target, body: Uint8Array<ArrayBuffer>, p: Params): Promise<Record<string, string>> {
	const contentDigest = await digest(body);
	const text = new TextEncoder().encode(base(t, contentDigest, p));
	const signature = new Uint8Array(await crypto.subtle.sign(algorithm, key, text));
	return { "Content-Digest": contentDigest, "Signature-Input": input(p), Signature: `sig=:${base64(signature)}:` };
}
