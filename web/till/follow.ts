// What happens at this till, as it happens.
import { effect, signal } from "@preact/signals";
import { fromJSON } from "../wire/json";
import { listen } from "../wire/stream";
import { announce } from "./announce";
import { messages, type TillHappening, type TillNews, type TillOrder } from "./api.gen";
import { call, open } from "./call";
import { deeds, note, wake, type Deed } from "./deeds";
import { lookAtDay, refresh, shown, show, standing, take, takings } from "./state";
import { get, put } from "./store";

// connected says whether the stream stands, and downSince since when it does not.
export const connected = signal(false);
export const downSince = signal(0);

effect(() => {
	if (connected.value) downSince.value = 0;
	else if (downSince.peek() === 0) downSince.value = Date.now();
});

let cursor = "0";

// orderOf is the order that a deed placed, as it was seen last.
export const orderOf = (d: Deed): TillOrder | undefined => (d.call === "CreateOrder" || d.call === "ChargeCode" ? (d.answer as unknown as TillOrder | undefined) : undefined);

export const paid = (o: TillOrder): boolean => o.state === "success" || o.state === "refund";

// news is how old a payment may be that this tablet did not ask for and still says aloud:
// one that was off all night does not read out the night.
const news = 5 * 60_000;

// learn takes what an order is now, and says it when it was paid. late: whoever works
// the till may have given it up.
export async function learn(o: TillOrder, late: boolean): Promise<void> {
	take(o);
	const d = deeds.value.find((e) => orderOf(e)?.outTradeNo === o.outTradeNo);
	if (d) await note({ ...d, answer: o as unknown as Record<string, unknown>, told: d.told || paid(o) });
	if (!paid(o) || d?.told) return;
	if (!d && o.paidAt < Date.now() - news) return; // it stands in the list
	const given = d ? d.aside === true || shown.value !== d.id : late;
	announce({ key: o.transactionId, kind: given ? "late" : "paid", amount: o.total, who: o.payer, what: o.description, at: o.paidAt });
	if (d && shown.value === d.id) show("");
}

async function hear(h: TillHappening): Promise<void> {
	if (h.till !== standing.value) return;
	if (h.order && h.what in refunds) await given(h.order, refunds[h.what] ?? "");
	if (h.order && h.what === "paid") await learn(h.order, h.late);
	else if (h.order) await learnQuietly(h.order);
	if (h.cash && h.what === "cash" && h.cash.kind === "out") {
		announce({ key: `cash/${h.cash.clientId}/${h.cash.at}`, kind: "out", amount: h.cash.amount, who: h.cash.who, what: "", at: h.cash.at });
	}
}

// refunds are the states of a refund by what happened.
const refunds: Record<string, string> = { refunded: "success", refund_failed: "abnormal" };

// given says how the refunds of an order that were on their way ended.
async function given(o: TillOrder, state: string): Promise<void> {
	for (const d of deeds.value) {
		if (d.call === "Refund" && d.answer?.state === "processing" && d.request.outTradeNo === o.outTradeNo) await note({ ...d, answer: { ...d.answer, state } });
	}
}

// learnQuietly is for what an order is besides paid.
async function learnQuietly(o: TillOrder): Promise<void> {
	take(o);
	const d = deeds.value.find((e) => orderOf(e)?.outTradeNo === o.outTradeNo);
	if (d) await note({ ...d, answer: o as unknown as Record<string, unknown> });
}

// catchUp asks for the orders that still wait: a stream that begins anew says nothing of
// what was before.
async function catchUp(): Promise<void> {
	for (const d of deeds.value) {
		const o = orderOf(d);
		if (d.state !== "done" || !o || paid(o) || o.state === "closed") continue;
		await learn(await call("ShowOrder", { outTradeNo: o.outTradeNo }), false);
	}
	await lookAtDay();
}

let looking: ReturnType<typeof setTimeout> | undefined;
// heard is the last entry that was heard of.
let heard = 0n;

// lookSoon adds up the day anew after a burst of news is over. What the platform lists
// comes a moment after what it tells: until it has what was heard, it is asked again.
function lookSoon(tries = 0): void {
	clearTimeout(looking);
	looking = setTimeout(async () => {
		await refresh();
		if (takings.value && BigInt(takings.value.included) <= heard && tries < mostLooks) lookSoon(tries + 1);
	}, 300 * (tries + 1));
}

const mostLooks = 5;

// follow listens for as long as the till is open, seen or not: it must be heard.
export async function follow(): Promise<() => void> {
	cursor = (await get<string>(`cursor/${standing.value}`)) ?? "0";
	return listen({
		connected,
		unseen: true,
		open: (body, stop) => open("Follow", body, stop),
		ask: () => JSON.stringify({ till: standing.value, ...(cursor === "0" ? {} : { cursor }) }),
		take: (text) => {
			const said = fromJSON(messages, "TillNews", JSON.parse(text)) as unknown as TillNews;
			const first = !connected.value;
			cursor = said.cursor;
			void put(`cursor/${standing.value}`, cursor);
			if (first) {
				wake();
				void catchUp().catch(() => {});
			}
			for (const h of said.happened) {
				if (BigInt(h.entry) > heard) heard = BigInt(h.entry);
				void hear(h);
			}
			if (said.happened.length > 0 || takings.value === undefined) lookSoon();
		},
		ended: (text) => {
			if (text.includes("cursor_too_old")) cursor = "0"; // too far behind: it begins anew
		},
	});
}
