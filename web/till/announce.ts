// What is said loudly: that money came, and for whom.
import { signal } from "@preact/signals";
import { speakAmount, sound } from "./sound";
import { t } from "./words";

export interface Announcement {
	key: string;
	// paid: it came in time. late: it came for an order that nobody waits for any more.
	// out: somebody took cash out, which is to be handed to them.
	kind: "paid" | "late" | "out";
	amount: number;
	who: string;
	what: string;
	at: number;
}

// announced is what is to be seen now, one after the other.
export const announced = signal<Announcement[]>([]);

// stays is how long a payment in time is seen, ms; the rest stays until somebody has
// seen it.
export const stays = 4_000;

const told = new Set<string>();

// announce says something once.
export function announce(a: Announcement): void {
	if (told.has(a.key)) return;
	told.add(a.key);
	announced.value = [...announced.value, a];
	sound(a.kind === "paid" ? "paid" : "late");
	speakAmount(a.kind === "paid" ? t.spokenPaid : a.kind === "late" ? t.spokenLate : t.spokenOut, a.amount);
}

export const wasTold = (key: string): boolean => told.has(key);

export function seen(key: string): void {
	announced.value = announced.value.filter((a) => a.key !== key);
}
