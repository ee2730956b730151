// Acts that move money, or apply for something. Each is kept on this device under its
// client id before it is sent, so that a reload, a lost network and a lost answer end in
// the true answer: the same act is sent again until the platform says how it ended, and
// moves money once.
import { signal } from "@preact/signals";
import { Pauses } from "../wire/begun";
import type { Calls } from "./api.gen";
import { busy, call, Lost, Refused } from "./call";
import { act as find, acts as all, dropAct, putAct } from "./store";

export type Kind = "Pay" | "WithdrawCash" | "Transfer" | "ThrowPacket" | "OpenPacket" | "AnswerTransfer" | "AnswerAsked" | "ApplyShop" | "TakeTakings";

export interface Act {
	id: string;
	kind: Kind;
	request: Record<string, unknown>;
	// shown is what the person saw when they agreed.
	amount: number;
	who: string;
	what: string;
	// back is the page to return to, the merchant's.
	back?: string;
	begun: number;
	state: "sending" | "done" | "refused";
	ended?: number;
	answer?: Record<string, unknown>;
	code?: string;
	sentence?: string;
}

// live are the acts that this page knows of, newest first.
export const live = signal<Act[]>([]);

const asking = new Set<string>();

// keptActs bounds what is remembered of acts that have ended.
const keptActs = 100;

function show(a: Act): void {
	live.value = [a, ...live.value.filter((b) => b.id !== a.id)].sort((x, y) => y.begun - x.begun);
}

async function keep(a: Act): Promise<void> {
	await putAct(a);
	show(a);
	channel?.postMessage(a.id);
}

// end shows how an act ended, and keeps that: should it be lost, it is asked for again.
async function end(a: Act): Promise<void> {
	show(a);
	await putAct(a);
	channel?.postMessage(a.id);
}

// channel tells the other tabs of this browser what became of an act.
const channel = typeof BroadcastChannel === "undefined" || typeof document === "undefined" ? undefined : new BroadcastChannel("acts");
if (channel) {
	channel.onmessage = (e: MessageEvent<string>) => {
		void find<Act>(e.data).then((a) => a && show(a));
	};
}

// begin keeps an act and sends it. It returns once the act is kept: from then on it
// ends in an answer, whatever happens to this page.
export async function begin(a: Omit<Act, "state" | "begun">): Promise<void> {
	const before = await find<Act>(a.id);
	if (before && before.state !== "refused") return; // a double tap, or the back button
	const kept: Act = { ...a, state: "sending", begun: Date.now() };
	await keep(kept);
	void pursue(kept);
}

// pursue sends an act until its outcome is known.
async function pursue(a: Act): Promise<void> {
	if (asking.has(a.id)) return;
	asking.add(a.id);
	try {
		for (let tries = 0; ; tries++) {
			const ended = await once(a);
			if (ended) return await end(ended);
			await pauses.after(tries);
		}
	} finally {
		asking.delete(a.id);
	}
}

// once sends an act one time; undefined is an outcome that is not known yet.
export async function once(a: Act, ask: typeof call = call): Promise<Act | undefined> {
	try {
		const answer = await ask(a.kind, a.request as unknown as Calls[Kind]["asked"]);
		return { ...a, state: "done", ended: Date.now(), answer: answer as unknown as Record<string, unknown> };
	} catch (e) {
		if (e instanceof Lost || busy(e)) return undefined;
		if (e instanceof Refused) return { ...a, state: "refused", ended: Date.now(), code: e.code, sentence: e.sentence };
		throw e;
	}
}

const pauses = new Pauses(15_000);

// wake asks at once about what is not known yet.
export const wake = (): void => pauses.end();

// resume goes on with what was begun before this page was loaded.
export async function resume(): Promise<void> {
	const kept = (await all<Act>()).sort((x, y) => y.begun - x.begun);
	live.value = kept;
	for (const a of kept) if (a.state === "sending") void pursue(a);
	for (const a of kept.filter((b) => b.state !== "sending").slice(keptActs)) void dropAct(a.id);
}

if (typeof window !== "undefined") window.addEventListener("online", () => wake());
