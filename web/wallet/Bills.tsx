import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { Icon, type IconName } from "../ui/Icon";
import { Days, Row, Rows, type Entry } from "../ui/List";
import { digits } from "../ui/money";
import { Screen } from "../ui/Screen";
import { Skeleton, Verdict } from "../ui/State";
import { month as monthName } from "../ui/time";
import { say } from "../ui/words";
import type { Bill } from "./api.gen";
import { call } from "./call";
import { save } from "./file";
import { monthOf, since, startOf } from "./past";
import { back, go, place } from "./nav";
import { bills, note, older } from "./state";
import { w, whats } from "./words";

const icons: Record<string, IconName> = { payment: "store", refund: "again", topup: "came", sent: "transfer", sent_back: "transfer", packet: "packet", packet_back: "packet", takings: "store" };

// whatOf is the kind of a bill.
export const whatOf = (b: Bill): string => say(whats[b.what] ?? (whats.other as { zh: string; en: string }));

// lineOf is a bill as a line of a list.
export function lineOf(b: Bill): Entry {
	return {
		key: b.entry, at: b.at, title: b.who || whatOf(b), note: b.who ? whatOf(b) : undefined, amount: b.amount,
		icon: icons[b.what] ?? (b.amount < 0 ? "went" : "came"), href: `/bill/${b.entry}`,
	};
}

export type Flow = "all" | "out" | "in";

// fits says whether a bill is among those that are looked for.
export function fits(b: Bill, flow: Flow, text: string, month = ""): boolean {
	if (month !== "" && monthOf(b.at) !== month) return false;
	if ((flow === "out" && b.amount >= 0) || (flow === "in" && b.amount < 0)) return false;
	const t = text.trim().toLowerCase();
	return t === "" || [b.who, whatOf(b), digits(b.amount), b.entry].some((s) => s.toLowerCase().includes(t));
}

// Bills is everything that moved the balance. What is looked for stands in the address.
export function Bills() {
	const search = useSignal(place.value.query.get("q") ?? "");
	const flow = (place.value.query.get("flow") ?? "all") as Flow;
	const month = place.value.query.get("month") ?? "";
	const list = useSignal<Bill[]>(bills.value);
	const exporting = useSignal(false);
	const next = useSignal("0");
	const busy = useSignal(false);
	const load = async (before: string) => {
		busy.value = true;
		try {
			const page = await call("ListBills", { limit: 50, ...(before === "0" ? {} : { before }) });
			const known = new Set(page.bills.map((b) => b.entry));
			list.value = before === "0" ? page.bills : [...list.value.filter((b) => !known.has(b.entry)), ...page.bills];
			older.value = list.value;
			next.value = page.next;
		} catch (e) {
			if (!note(e)) throw e;
		} finally {
			busy.value = false;
		}
	};
	// A month may begin beyond the first page: its bills are read whole.
	const loadMonth = async () => {
		busy.value = true;
		try {
			list.value = (await since(startOf(month))).list;
			older.value = list.value;
		} catch (e) {
			if (!note(e)) throw e;
		} finally {
			busy.value = false;
		}
	};
	// What is exported is all that fits, not only what was scrolled to.
	const exported = async () => {
		exporting.value = true;
		try {
			const { list: all } = await since(month ? startOf(month) : 0);
			save(month ? `bills-${month}.csv` : "bills.csv", "text/csv", csv(all.filter((b) => fits(b, flow, search.value, month))));
		} catch (e) {
			if (!note(e)) throw e;
			save("bills.csv", "text/csv", csv(found));
		} finally {
			exporting.value = false;
		}
	};
	useEffect(() => void (month ? loadMonth() : load("0")), [month]);
	const address = (f: Flow, of: string) => {
		const query = new URLSearchParams({ ...(f === "all" ? {} : { flow: f }), ...(of ? { month: of } : {}), ...(search.value ? { q: search.value } : {}) }).toString();
		return query ? `/bills?${query}` : "/bills";
	};
	const pick = (f: Flow) => go(address(f, month), true);
	const found = list.value.filter((b) => fits(b, flow, search.value, month));
	return (
		<Screen
			title={say(w.bills)}
			onBack={back}
			foot={
				found.length > 0 ? (
					<Button kind="quiet" id="export" icon="bill" busy={exporting.value} onPress={() => void exported()}>
						{say(w.exported)}
					</Button>
				) : undefined
			}
		>
			<Field label={say(w.search)} value={search} type="search" name="q" />
			<div class="tabs" role="group" aria-label={say(w.bills)}>
				{(["all", "out", "in"] as const).map((f) => (
					<button type="button" aria-pressed={flow === f} onClick={() => pick(f)}>
						{say(w[f])}
					</button>
				))}
			</div>
			{month ? (
				<button type="button" class="chip" onClick={() => go(address(flow, ""), true)}>
					{monthName(startOf(month))} <Icon name="close" />
					<span class="read">{say(w.allMonths)}</span>
				</button>
			) : (
				<Rows>
					<Row icon="bill" title={say(w.byMonth)} href="/months" />
				</Rows>
			)}
			{found.length > 0 ? (
				<Days entries={found.map(lineOf)} busy={busy.value} onMore={!month && next.value !== "0" ? () => void load(next.value) : undefined} />
			) : busy.value ? (
				<Skeleton />
			) : list.value.length === 0 ? (
				<Verdict tone="info" icon="bill" title={say(w.noBills)} text={say(w.noBillsText)} />
			) : (
				<Verdict tone="info" icon="search" title={say(w.noneFound)} />
			)}
		</Screen>
	);
}

// csv is a table of bills, for spreadsheets: a text that would be a formula there is
// not one.
export function csv(list: Bill[]): string {
	const cell = (text: string) => `"${(/^[=+\-@\t\r]/.test(text) ? "'" + text : text).replace(/"/g, '""')}"`;
	const yuanOf = (fen: number) => `${fen < 0 ? "-" : ""}${digits(fen).replace(/,/g, "")}`;
	const rows = list.map((b) => [cell(new Date(b.at).toISOString()), cell(whatOf(b)), cell(b.who), yuanOf(b.amount), cell(b.entry), cell(b.subject)].join(","));
	return "\ufeff" + [["time", "what", "who", "amount_cny", "entry", "subject"].join(","), ...rows].join("\r\n") + "\r\n";
}
