import assert from "node:assert/strict";
import test from "node:test";
import { base, deviceID, digest, input, newKey, point, signed } from "./sign";
import { base64, unbase64 } from "../wire/base64";

const target = { method: "POST", authority: "Pay.example.com", path: "/holdfast.v1.WalletService/Pay" };
const params = { created: 1780000000, counter: 17, key: new TextEncoder().encode("0123456789abcdef") };
const bytes = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

test("the text that is signed is the one that the platform builds", async () => {
	// The same text stands in internal/edge/httpsig's test; the digest is RFC 9530's, B.1.
	const want = `"@method": POST
"@authority": pay.example.com
"@path": /holdfast.v1.WalletService/Pay
"content-digest": sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:
"@signature-params": ("@method" "@authority" "@path" "content-digest");created=1780000000;nonce="17";keyid="MDEyMzQ1Njc4OWFiY2RlZg==";alg="ecdsa-p256-sha256";tag="holdfast-wallet"`;
	assert.equal(base(target, await digest(bytes('{"hello": "world"}')), params), want);
});

test("a call's signature fits it, and no other", async () => {
	const pair = await newKey();
	assert.equal(pair.privateKey.extractable, false);
	const body = bytes('{"amount":1}');
	const head = await signed(pair.privateKey, target, body, params);
	assert.equal(head["Signature-Input"], input(params));
	const signature = unbase64(/^sig=:(.*):$/.exec(head.Signature ?? "")?.[1] ?? "");
	assert.equal(signature.length, 64);
	const fits = async (b: Uint8Array<ArrayBuffer>, counter: number) =>
		crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, pair.publicKey, signature, bytes(base(target, await digest(b), { ...params, counter })));
	assert.equal(await fits(body, 17), true);
	assert.equal(await fits(bytes('{"amount":2}'), 17), false);
	assert.equal(await fits(body, 18), false);
	const p = await point(pair.publicKey);
	assert.equal(p.length, 65);
	assert.equal((await deviceID(p)).length, 16);
	assert.equal(base64(unbase64("AAEC/w==")), "AAEC/w==");
});
