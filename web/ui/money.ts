// Money is a whole number of fen. Nothing here divides into fractions: text is cut and
// joined.

// Fen may be negative: what left a balance.
export type Fen = number;

// digits writes an amount without its sign and currency: 1,234.50.
export function digits(fen: Fen): string {
	const text = String(Math.abs(fen)).padStart(3, "0");
	const whole = text.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
	return `${whole}.${text.slice(-2)}`;
}

// minus is the true one, as wide as a digit.
export const minus = "\u2212";

// yuan writes an amount in a sentence: ¥1,234.50, or −¥1,234.50.
export const yuan = (fen: Fen): string => `${fen < 0 ? minus : ""}¥${digits(fen)}`;

// most is the largest amount that may be typed: ¥9,999,999.99.
const wholeDigits = 7;

// parse reads what a person typed or pasted: 12, 12.3, ¥1,234.50, １２。５０. What is
// no amount, or has more than two decimals, is undefined.
export function parse(typed: string): Fen | undefined {
	const plain = typed
		.replace(/[\uff10-\uff19]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
		.replace(/[。．]/g, ".")
		.replace(/[\s,，¥￥]|元$|CNY|RMB/g, "");
	const m = /^(\d*)(?:\.(\d{0,2}))?$/.exec(plain);
	if (!m || plain === "" || plain === ".") return undefined;
	const whole = (m[1] ?? "").replace(/^0+/, "");
	if (whole.length > wholeDigits) return undefined;
	return Number((whole || "0") + (m[2] ?? "").padEnd(2, "0"));
}

// Key is a key of the pad.
export type Key = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "." | "back";

// press is what the pad shows after a key. What would be no amount is not taken.
export function press(shown: string, key: Key): string {
	if (key === "back") return shown.slice(0, -1);
	const next = key === "." && shown === "" ? "0." : shown === "0" && key !== "." ? key : shown + key;
	return parse(next) === undefined ? shown : next;
}
