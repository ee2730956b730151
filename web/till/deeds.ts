// What this till begins. Each deed is kept on the tablet under its client id before it
// is sent, and sent again by itself until the platform says how it ended: a lost answer,
// a reload and a platform that is away end in the truth, and nothing is done twice.
import { signal } from "@preact/signals";
import { Pauses } from "../wire/begun";
import { busy, Lost, Refused } from "../wire/outcome";
import type { Calls } from "./api.gen";
import { call } from "./call";
import { allDeeds, dropDeed, putDeed } from "./store";

export type Doing = "CreateOrder" | "CancelOrder" | "ChargeCode" | "Refund" | "TakeCash" | "UndoCash" | "OpenShift" | "CloseShift";

export interface Deed {
	id: string;
	call: Doing;
	request: Record<string, unknown>;
	amount: number;
	begun: number;
	state: "sending" | "done" | "refused";
	answer?: Record<string, unknown>;
	code?: string;
	sentence?: string;
	// lostSince is when the platform was first asked and gave no answer, until it does.
	lostSince?: number;
	// aside: the next customer came before this one had paid.
	aside?: boolean;
	// told: it was announced that it is paid.
	told?: boolean;
}

export const deeds = signal<Deed[]>([]);

// lostSince is since when the platform has not answered; 0: it does.
export const lostSince = signal(0);

const kept = 100;

export const deed = (id: string): Deed | undefined => deeds.value.find((d) => d.id === id);

// note puts a deed in the place of what was known of it.
export async function note(d: Deed): Promise<void> {
	await putDeed(d);
	deeds.value = [d, ...deeds.value.filter((e) => e.id !== d.id)].sort((a, b) => b.begun - a.begun);
}

// onEnd is told of each deed that ended.
let onEnd: (d: Deed) => void = () => {};
export const whenEnded = (f: (d: Deed) => void): void => void (onEnd = f);

// begin keeps a deed and sends it; it returns once the deed is kept.
export async function begin(of: Pick<Deed, "id" | "call" | "request" | "amount">): Promise<void> {
	const d: Deed = { ...of, begun: Date.now(), state: "sending" };
	await note(d);
	void send(d.id);
}

// resume sends what was begun before the page was loaded, and forgets what is old.
export async function resume(): Promise<void> {
	const all = (await allDeeds<Deed>()).sort((a, b) => b.begun - a.begun);
	deeds.value = all.slice(0, kept);
	for (const d of all.slice(kept)) if (d.state !== "sending") await dropDeed(d.id);
	for (const d of all) if (d.state === "sending") void send(d.id);
}

const pauses = new Pauses(10_000);

// wake asks at once instead of after the pause.
export const wake = (): void => pauses.end();

const sending = new Set<string>();

async function send(id: string): Promise<void> {
	if (sending.has(id)) return;
	sending.add(id);
	try {
		for (let tries = 0; ; tries++) {
			const d = deed(id);
			if (!d || d.state !== "sending") return;
			const now = await once(d);
			if (now) {
				lostSince.value = 0;
				const ended = { ...now, ...(deed(id)?.aside ? { aside: true } : {}) }; // it may have made way meanwhile
				await note(ended);
				onEnd(ended);
				return;
			}
			lostSince.value ||= Date.now();
			if (!d.lostSince) await note({ ...d, lostSince: Date.now() });
			await pauses.after(tries);
		}
	} finally {
		sending.delete(id);
	}
}

// once asks once; undefined when nobody knows yet.
export async function once(d: Deed, ask: typeof call = call): Promise<Deed | undefined> {
	const { lostSince: _, ...rest } = d;
	try {
		const answer = await ask(d.call as keyof Calls, d.request);
		return { ...rest, state: "done", answer: answer as unknown as Record<string, unknown> };
	} catch (e) {
		if (e instanceof Lost || busy(e) || (e instanceof Refused && e.code === "staff_secret_invalid")) return undefined;
		if (e instanceof Refused) return { ...rest, state: "refused", code: e.code, sentence: e.sentence };
		throw e;
	}
}
