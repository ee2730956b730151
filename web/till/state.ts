// What the till shows: where it stands, what was taken today, what the shop set up.
import { computed, signal } from "@preact/signals";
import type { Text } from "../ui/words";
import { Lost, Refused } from "../wire/outcome";
import type { CashView, ShiftView, Takings, TillOrder, TillView } from "./api.gen";
import { call } from "./call";
import { get, put } from "./store";

export const merchant = signal("");
export const staff = signal("");
export const tills = signal<TillView[]>([]);
// standing is the number of the till that this tablet stands at, "" for none yet.
export const standing = signal("");
export const till = computed(() => tills.value.find((t) => t.till === standing.value && !t.closed));
export const takings = signal<Takings | undefined>(undefined);
export const shift = signal<ShiftView | undefined>(undefined);

// Good is something that is sold often.
export interface Good {
	name: string;
	price: number;
}

// Channel is another way to be paid, for when the platform is away.
export interface Channel {
	label: string;
	link: string;
}

export const goods = signal<Good[]>([]);
export const channels = signal<Channel[]>([]);

export type Place = "sell" | "today" | "cash" | "more";
export const place = signal<Place>("sell");

// shown is the deed whose end the page waits for; "" for none.
export const shown = signal("");

// hint is a sentence for whoever works the till, in passing.
export const hint = signal<Text | undefined>(undefined);

export async function load(): Promise<void> {
	standing.value = (await get<string>("till")) ?? "";
	goods.value = (await get<Good[]>("goods")) ?? [];
	channels.value = (await get<Channel[]>("channels")) ?? [];
	shown.value = (await get<string>("shown")) ?? "";
	const seen = await get<Seen>("seen");
	if (seen) {
		merchant.value = seen.merchant;
		staff.value = seen.staff;
		tills.value = seen.tills;
	}
}

interface Seen {
	merchant: string;
	staff: string;
	tills: TillView[];
}

export function show(id: string): void {
	shown.value = id;
	void put("shown", id);
}

export function stand(at: string): void {
	standing.value = at;
	void put("till", at);
}

export function setGoods(list: Good[]): void {
	goods.value = list;
	void put("goods", list);
}

export function setChannels(list: Channel[]): void {
	channels.value = list;
	void put("channels", list);
}

// lookAtTills asks who works here and which tills there are.
export async function lookAtTills(): Promise<void> {
	const found: TillView[] = [];
	let after = "";
	do {
		const page = await call("ListTills", { after });
		merchant.value = page.merchant;
		staff.value = page.staff;
		found.push(...page.tills);
		after = page.next;
	} while (after !== "");
	tills.value = found;
	const open = found.filter((t) => !t.closed);
	if (open.length === 1 && open[0] && !till.value) stand(open[0].till);
	await put("seen", { merchant: merchant.value, staff: staff.value, tills: found } satisfies Seen);
}

// lookAtDay asks what was taken today, and what is in the drawer.
export async function lookAtDay(): Promise<void> {
	if (standing.value === "") return;
	takings.value = await call("ShowTakings", { till: standing.value });
	await lookAtShift();
}

export async function lookAtShift(): Promise<void> {
	const s = await call("ShowShift", { till: standing.value });
	shift.value = s.number === "0" ? undefined : s; // there was none yet
}

// refresh asks for everything, where the platform answers.
export async function refresh(): Promise<void> {
	try {
		await lookAtTills();
		await lookAtDay();
	} catch (e) {
		if (!(e instanceof Lost || e instanceof Refused)) throw e;
	}
}

// take puts an order in the place of what was known of it.
export function take(o: TillOrder): void {
	const t = takings.value;
	if (t) takings.value = { ...t, newest: t.newest.map((x) => (x.outTradeNo === o.outTradeNo ? o : x)) };
}

// undoable is how long a deed in cash can be taken back.
const undoable = 15 * 60_000;

export const canUndo = (c: CashView): boolean => c.undoneAt === 0 && Date.now() - c.at < undoable;
