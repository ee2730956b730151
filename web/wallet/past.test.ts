import assert from "node:assert/strict";
import test from "node:test";
import type { Bill } from "./api.gen";
import type { call } from "./call";
import { byMonth, latest, monthOf, since, startOf } from "./past";

const at = (y: number, m: number, d: number) => new Date(y, m - 1, d, 12).getTime();
const bill = (n: number, when: number, amount: number): Bill => ({ entry: String(n), at: when, what: "payment", amount, who: "", subject: `order/${n}` });

test("bills are added up by month, to the fen", () => {
	const months = byMonth([bill(4, at(2026, 11, 2), -2300), bill(3, at(2026, 11, 1), 1), bill(2, at(2026, 9, 30), -5), bill(1, at(2025, 12, 31), 700)]);
	assert.deepEqual(months, [
		{ month: "2026-11", came: 1, went: 2300, count: 2 },
		{ month: "2026-09", came: 0, went: 5, count: 1 },
		{ month: "2025-12", came: 700, went: 0, count: 1 },
	]);
	assert.deepEqual(latest(3, at(2026, 1, 31)), ["2025-11", "2025-12", "2026-01"]);
	assert.equal(monthOf(startOf("2026-02")), "2026-02");
});

test("pages are read back to a time and no further", async () => {
	const all = Array.from({ length: 350 }, (_, i) => bill(350 - i, at(2026, 11, 28) - i * 86_400_000, -100));
	let asked = 0;
	const ask = (async (_: string, q: { before?: string; limit: number }) => {
		asked++;
		const from = q.before ? all.findIndex((b) => b.entry === q.before) + 1 : 0;
		const bills = all.slice(from, from + q.limit);
		return { bills, next: from + q.limit < all.length ? (bills[bills.length - 1]?.entry ?? "0") : "0", included: "0" };
	}) as unknown as typeof call;
	const month = await since(startOf("2026-08"), ask);
	assert.equal(month.list.length, 28 + 31 + 30 + 31);
	assert.equal(asked, 2);
	assert.equal((await since(0, ask)).list.length, 350);
});
