// The cart, which lasts as long as the browser keeps it: it is nobody's secret.
import { signal } from "@preact/signals";
import { remember, remembered } from "../ui/words";
import type { Good } from "./api";

export type Cart = Record<string, number>;

const kept = "cart";
const most = 99;

// readCart takes what was kept, as far as it is a cart.
export function readCart(text: string | null): Cart {
	try {
		const found: unknown = JSON.parse(text ?? "{}");
		if (typeof found !== "object" || found === null) return {};
		return Object.fromEntries(Object.entries(found).filter(([, n]) => Number.isInteger(n) && (n as number) > 0 && (n as number) <= most)) as Cart;
	} catch {
		return {};
	}
}

export const cart = signal<Cart>(readCart(remembered(kept)));

export function put(id: string, n: number): void {
	const { [id]: _, ...rest } = cart.value;
	cart.value = n > 0 ? { ...rest, [id]: Math.min(n, most) } : rest;
	remember(kept, JSON.stringify(cart.value));
}

export function empty(): void {
	cart.value = {};
	remember(kept, "{}");
}

export const pieces = (c: Cart): number => Object.values(c).reduce((a, b) => a + b, 0);

export const due = (c: Cart, goods: Good[]): number => goods.reduce((sum, g) => sum + g.price * (c[g.id] ?? 0), 0);

// known is the cart without what the shop has no more.
export const known = (c: Cart, goods: Good[]): Cart => Object.fromEntries(Object.entries(c).filter(([id]) => goods.some((g) => g.id === id)));
