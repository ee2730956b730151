import type { Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./Icon";
import { Keys } from "./Keys";
import { parse, press, type Fen, type Key } from "./money";
import { pads } from "./pads";
import { say } from "./words";

// AmountPad types an amount: by its keys, the keyboard's, or pasted. shown is the text,
// amountOf reads it.
export function AmountPad({ shown, label, onEnter }: { shown: Signal<string>; label?: string; onEnter?: () => void }) {
	const box = useRef<HTMLInputElement>(null);
	const take = (k: Key) => {
		shown.value = press(shown.value, k);
	};
	useEffect(() => box.current?.focus({ preventScroll: true }), []);
	return (
		<div class="amountpad">
			<label class="typed">
				<span class="read">{label ?? say(pads.amount)}</span>
				<span class="currency" aria-hidden="true">
					¥
				</span>
				<input
					ref={box}
					class="amount display"
					inputMode="none"
					autocomplete="off"
					placeholder="0.00"
					size={Math.max(4, shown.value.length)}
					value={shown.value}
					onInput={(e) => {
						const fen = parse(e.currentTarget.value);
						if (fen !== undefined) shown.value = e.currentTarget.value.replace(/[^\d.]/g, "");
						else if (e.currentTarget.value === "") shown.value = "";
						e.currentTarget.value = shown.value;
					}}
					onPaste={(e) => {
						e.preventDefault();
						const fen = parse(e.clipboardData?.getData("text") ?? "");
						if (fen !== undefined) shown.value = plain(fen);
					}}
					onKeyDown={(e) => {
						if (e.key === "Enter") onEnter?.();
					}}
				/>
			</label>
			<Keys
				onDigit={(d) => take(d as Key)}
				corner={
					<button type="button" class="key" aria-label={say(pads.point)} onClick={() => take(".")}>
						.
					</button>
				}
				last={
					<button type="button" class="key" aria-label={say(pads.erase)} onClick={() => take("back")}>
						<Icon name="erase" />
					</button>
				}
			/>
		</div>
	);
}

// plain is an amount as it would have been typed.
export const plain = (fen: Fen): string => `${String(fen).padStart(3, "0").slice(0, -2)}.${String(fen).padStart(3, "0").slice(-2)}`;

// amountOf is what the pad's text says; 0 when it says nothing yet.
export const amountOf = (shown: string): Fen => parse(shown) ?? 0;
