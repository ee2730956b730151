// What the shop's own server says.

export interface Good {
	id: string;
	zh: string;
	en: string;
	price: number;
}

export interface Payer {
	name: string;
	openid: string;
}

export interface Shelf {
	goods: Good[];
	payers: Payer[] | null;
	platform: string;
}

export type Way = "native" | "h5" | "jsapi";

export interface Order {
	out_trade_no: string;
	description: string;
	total: number;
	placed_at: string;
	pay?: Way;
	items?: { id: string; count: number; price: number }[];
	code_url?: string;
	h5_url?: string;
	invocation?: Record<string, string>;
	closed?: boolean;
	transaction_id?: string;
	paid_at?: string;
	refunded?: number;
}

export interface Notice {
	id: string;
	event_type: string;
	out_trade_no: string;
	at: string;
	repeats?: number;
}

// Failed is an answer that says no; anything else thrown is no answer.
export class Failed extends Error {
	constructor(readonly status: number) {
		super(String(status));
	}
}

async function read<T>(path: string, init?: RequestInit): Promise<T> {
	const answer = await fetch(path, { cache: "no-store", redirect: "error", ...init });
	if (!answer.ok) throw new Failed(answer.status);
	return (await answer.json()) as T;
}

export const shelf = (): Promise<Shelf> => read("/goods");

export const behind = (): Promise<{ mchid: string; orders: Order[] | null; notices: Notice[] | null }> => read("/orders");

const posted = (body: unknown): RequestInit => ({ method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body) });

export const place = (cart: Record<string, number>, pay: Way, openid: string): Promise<Order> => read("/orders", posted({ cart, pay, openid }));

const at = (no: string): string => `/orders/${encodeURIComponent(no)}`;

// ask has the platform asked, where the shop's own book does not have it paid.
export const ask = (no: string): Promise<Order> => read(`${at(no)}?ask=1`);

export const again = (no: string): Promise<Order> => read(`${at(no)}/again`, posted({}));

export const events = (no: string): EventSource => new EventSource(`${at(no)}/events`);

// leadOn goes to where an order is paid; the payer comes back to the order's page.
export function leadOn(o: Order, platform: string): void {
	const back = `${location.origin}/order/${o.out_trade_no}`;
	if (o.h5_url) location.assign(`${o.h5_url}&redirect_url=${encodeURIComponent(back)}`);
	if (!o.invocation) return;
	// Within WeChat a page hands this to WeixinJSBridge; here it goes to the cashier.
	const form = document.createElement("form");
	form.method = "post";
	form.action = `${platform}/cashier/jsapi`;
	for (const [name, value] of Object.entries({ ...o.invocation, redirect_url: back })) {
		const field = document.createElement("input");
		field.type = "hidden";
		field.name = name;
		field.value = value;
		form.append(field);
	}
	document.body.append(form);
	form.submit();
	form.remove();
}
