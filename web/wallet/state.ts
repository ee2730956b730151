// What the pages show: the wallet and the bills as they were seen last, and whether
// they are of now.
import { computed, signal } from "@preact/signals";
import type { Asked, Bill, News, ShopTakings, TransferView, WalletView } from "./api.gen";
import { call, Lost, Refused } from "./call";
import { get, put, type Device } from "./store";

// device is null where this browser is nobody's yet, undefined before that is known.
export const device = signal<Device | null | undefined>(undefined);
export const wallet = signal<WalletView | undefined>(undefined);
export const seenAt = signal(0);
export const bills = signal<Bill[]>([]);
// older are bills that were looked up beyond those that are kept.
export const older = signal<Bill[]>([]);
export const online = signal(typeof navigator === "undefined" || navigator.onLine);
// reached says whether the platform gave an answer last.
export const reached = signal(true);
export const hidden = signal(false);
// removed: the platform does not know this device any more.
export const removed = signal(false);

export const away = computed(() => !online.value || !reached.value);

// asked are payments that a till began with this person's code, waiting transfers that
// others sent: both are for the person to answer.
export const asked = signal<Asked[]>([]);
export const waiting = signal<TransferView[]>([]);

// guarded says whether the person confirms what is above their limit: by PIN or passkey.
export const guarded = computed(() => wallet.value !== undefined && (wallet.value.hasPin || wallet.value.passkeys.length > 0));

// decided is the newest decision on a shop of this person's, until they have looked at it
// on this device.
const looked = signal(0);
export const decided = computed(() => {
	const d = wallet.value?.decided;
	return d && d.decidedAt > looked.value ? d : undefined;
});

// lookedAt notes that the person has seen a decision of that time.
export function lookedAt(at: number): void {
	if (at <= looked.value) return;
	looked.value = at;
	void put("decision", at);
}

// takings are what the news said last of this person's shops; paid is the newest that came
// to one while the page was open.
export const takings = signal<ShopTakings[]>([]);
export const paid = signal<ShopTakings | undefined>(undefined);

// shopsMoved counts how often what a page shows of shops may have become old: one was
// decided on, or the stream began anew, which does not tell what happened before.
export const shopsMoved = signal(0);

// hear takes from the news what a page has to say by itself.
export function hear(news: News, anew: boolean): void {
	if (anew || news.happened.some((h) => h.what === "shop_approved" || h.what === "shop_refused")) shopsMoved.value++;
	if (news.takings.length > 0) takings.value = news.takings;
	for (const t of news.takings) if (t.came > 0) paid.value = t;
}

const keptBills = 50;

interface Seen {
	wallet: WalletView;
	bills: Bill[];
	at: number;
}

// start reads what this device knows.
export async function start(): Promise<void> {
	const d = await get<Device>("device");
	const seen = await get<Seen>("seen");
	hidden.value = (await get<boolean>("hidden")) ?? false;
	looked.value = (await get<number>("decision")) ?? 0;
	if (seen) {
		wallet.value = seen.wallet;
		bills.value = seen.bills;
		seenAt.value = seen.at;
	}
	device.value = d?.enrolled ? d : null;
}

// refresh asks the platform for what is so now.
export async function refresh(): Promise<void> {
	if (!device.value) return;
	try {
		const [w, list] = await Promise.all([call("ShowWallet", {}), call("ListBills", { limit: keptBills })]);
		wallet.value = w;
		bills.value = list.bills;
		seenAt.value = Date.now();
		reached.value = true;
		await put("seen", { wallet: w, bills: list.bills, at: seenAt.value } satisfies Seen);
	} catch (e) {
		if (!note(e)) throw e;
	}
}

// look asks for what waits for this person's answer.
export async function look(): Promise<void> {
	if (!device.value) return;
	try {
		const [a, t] = await Promise.all([call("ListAsked", {}), call("ListWaiting", {})]);
		asked.value = a.asked.filter((x) => x.state === "waiting");
		waiting.value = t.transfers.filter((x) => !x.mine);
	} catch (e) {
		if (!note(e)) throw e;
	}
}

// note takes a failed call for what it says of the whole wallet.
export function note(e: unknown): boolean {
	if (e instanceof Lost) reached.value = false;
	else if (e instanceof Refused && e.code === "device_unknown") removed.value = true;
	return e instanceof Lost || e instanceof Refused;
}

export function hide(on: boolean): void {
	hidden.value = on;
	void put("hidden", on);
}
