// Bills by month, and as many pages of them as are asked for.
import type { Bill } from "./api.gen";
import { call } from "./call";

// monthOf is the month of a time, here: 2026-11.
export function monthOf(at: number): string {
	const d = new Date(at);
	return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, "0")}`;
}

// startOf is when a month begins, here; a month that is none begins now.
export function startOf(month: string): number {
	const [y, m] = month.split("-").map(Number);
	return y && m ? new Date(y, m - 1, 1).getTime() : Date.now();
}

export interface Month {
	month: string;
	came: number;
	went: number;
	count: number;
}

// byMonth adds bills up, the newest month first. Months without a bill have none.
export function byMonth(list: Bill[]): Month[] {
	const found = new Map<string, Month>();
	for (const b of list) {
		const key = monthOf(b.at);
		const m = found.get(key) ?? { month: key, came: 0, went: 0, count: 0 };
		if (b.amount > 0) m.came += b.amount;
		else m.went -= b.amount;
		m.count++;
		found.set(key, m);
	}
	return [...found.values()].sort((a, b) => (a.month < b.month ? 1 : -1));
}

// latest are the names of the last n months, this one last.
export function latest(n: number, now: number): string[] {
	const d = new Date(now);
	return Array.from({ length: n }, (_, i) => monthOf(new Date(d.getFullYear(), d.getMonth() - (n - 1 - i), 1).getTime()));
}

const page = 100;
const mostPages = 50;

// since reads bills back to a time, and says whether that was all of them.
export async function since(at: number, ask: typeof call = call): Promise<{ list: Bill[]; whole: boolean }> {
	const list: Bill[] = [];
	let before = "0";
	for (let n = 0; n < mostPages; n++) {
		const p = await ask("ListBills", { limit: page, ...(before === "0" ? {} : { before }) });
		list.push(...p.bills);
		before = p.next;
		const oldest = p.bills[p.bills.length - 1];
		if (before === "0" || !oldest || oldest.at < at) return { list: list.filter((b) => b.at >= at), whole: true };
	}
	return { list: list.filter((b) => b.at >= at), whole: false };
}
