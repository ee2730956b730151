// A sale: an order that is placed to be paid by a code on this screen, or by the code
// that the customer shows.
import { say } from "../ui/words";
import type { TillOrder } from "./api.gen";
import { begin, deed, deeds, note, type Deed } from "./deeds";
import { newID } from "../wire/begun";
import { orderOf, paid } from "./follow";
import { show, shown, standing } from "./state";
import { t } from "./words";

// payCode is the 18 digits that a wallet shows, however they are spaced.
export const payCode = (text: string): string | undefined => /^1[0-5]\d{16}$/.exec(text.replace(/\s/g, ""))?.[0];

const longestDescription = 40;

const order = (id: string, amount: number, description: string) => ({
	till: standing.value, amount, clientId: id, description: [...(description || say(t.purchase))].slice(0, longestDescription).join(""),
});

// placeOrder has the platform make a code for the screen.
export async function placeOrder(amount: number, description: string): Promise<void> {
	const id = newID();
	await begin({ id, call: "CreateOrder", amount, request: order(id, amount, description) });
	show(id);
}

// charge charges the code that a customer shows. A code of this sale that is on the
// screen is withdrawn first, and nothing is charged if it was paid meanwhile.
export async function charge(amount: number, description: string, code: string): Promise<void> {
	const id = newID();
	const before = deed(shown.value);
	const begun = { id, call: "ChargeCode" as const, amount, request: { order: order(id, amount, description), code } };
	if (before && waits(before)) {
		await cancel(before, begun);
		return;
	}
	await begin(begun);
	show(id);
}

// waits says whether a deed is a sale that can still be paid.
export const waits = (d: Deed): boolean => {
	const o = orderOf(d);
	return d.state === "done" && o !== undefined && (o.state === "notpay" || o.state === "userpaying");
};

// next is what is to be charged once a sale is cancelled, by the cancelling deed.
const next = new Map<string, Parameters<typeof begin>[0]>();

// cancel closes a sale whose payer has gone; then begins what comes instead of it.
export async function cancel(d: Deed, instead?: Parameters<typeof begin>[0]): Promise<void> {
	const o = orderOf(d);
	if (!o) return;
	const id = newID();
	if (instead) next.set(id, instead);
	await begin({ id, call: "CancelOrder", amount: d.amount, request: { outTradeNo: o.outTradeNo } });
}

// cancelled is called when a cancelling deed ended, with the order as it is then.
export async function cancelled(d: Deed): Promise<void> {
	const instead = next.get(d.id);
	next.delete(d.id);
	const o = d.answer as unknown as TillOrder | undefined;
	if (!instead || !o || paid(o)) return;
	await begin(instead);
	show(instead.id);
}

// cancelling is the deed by which a sale is being cancelled.
export const cancelling = (o: TillOrder | undefined): Deed | undefined =>
	deeds.value.find((d) => d.call === "CancelOrder" && d.state === "sending" && d.request.outTradeNo === o?.outTradeNo);

// setAside makes way for the next customer; the sale can still be paid.
export async function setAside(d: Deed): Promise<void> {
	await note({ ...d, aside: true });
	show("");
}
