import assert from "node:assert/strict";
import test from "node:test";
import { encode } from "uqr";
import { decode } from "./decode";

// picture draws a code as a page or a camera shows it.
function picture(text: string, { scale = 8, border = 4, dark = 0, light = 255, ecc = "L" as "L" | "M" | "Q" } = {}): ImageData {
	const qr = encode(text, { border, ecc });
	const side = qr.size * scale;
	const data = new Uint8ClampedArray(side * side * 4);
	for (let y = 0; y < side; y++) {
		for (let x = 0; x < side; x++) {
			const shade = qr.data[Math.floor(y / scale)]?.[Math.floor(x / scale)] ? dark : light;
			data.set([shade, shade, shade, 255], (y * side + x) * 4);
		}
	}
	return { data, width: side, height: side, colorSpace: "srgb" } as ImageData;
}

// hex is a number that differs with each i, as orders' codes do.
const hex = (i: number): string => (BigInt(i + 1) * 0x9e3779b97f4a7c15f39cc0605cedc835n).toString(16).padStart(32, "0").slice(-18);

test("every order's code is read", () => {
	for (let i = 0; i < 100; i++) {
		const text = `http://127.0.0.1:${30000 + i * 7}/pay/wx20261128102529${hex(i)}`;
		for (const options of [{ ecc: "L" as const }, { ecc: "M" as const, scale: 5 }, { ecc: "Q" as const, scale: 3 }]) {
			assert.equal(decode(picture(text, options), true), text, `${text} ${JSON.stringify(options)}`);
		}
	}
});

test("poor contrast, and light on dark, are read too", () => {
	const text = "https://pay.example.com/pay/wx20260301120000ffffffffffffffffffff";
	assert.equal(decode(picture(text, { dark: 150, light: 210 }), true), text);
	assert.equal(decode(picture(text, { dark: 240, light: 30 }), true), text);
	assert.equal(decode({ data: new Uint8ClampedArray(400).fill(255), width: 10, height: 10, colorSpace: "srgb" } as ImageData, true), undefined);
});
