import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./Icon";
import { Keys } from "./Keys";
import { pads } from "./pads";
import { say } from "./words";

export const pinDigits = 6;

export interface PinPadProps {
	label: string;
	error?: string | undefined;
	busy?: boolean;
	// shuffled: the keys stand in another order each time, for who is watched.
	shuffled?: boolean;
	// onPin may take its time; the digits stand until it is done.
	onPin: (pin: string) => void | Promise<void>;
}

// shuffle is the ten digits in an order drawn at random.
export function shuffle(draw: (below: number) => number): string {
	const digits = [..."1234567890"];
	for (let i = digits.length - 1; i > 0; i--) {
		const j = draw(i + 1);
		[digits[i], digits[j]] = [digits[j] as string, digits[i] as string];
	}
	return digits.join("");
}

const draw = (below: number): number => {
	const one = new Uint32Array(1);
	crypto.getRandomValues(one);
	return (one[0] ?? 0) % below;
};

// PinPad takes six digits. It is no password field, so that no browser offers to keep
// them, and it shows how many there are, not which.
export function PinPad({ label, error, busy = false, shuffled = false, onPin }: PinPadProps) {
	const typed = useSignal("");
	const order = useSignal(shuffled ? shuffle(draw) : "1234567890");
	const pad = useRef<HTMLDivElement>(null);
	const take = (d: string) => {
		if (busy || typed.value.length >= pinDigits) return;
		typed.value += d;
		if (typed.value.length === pinDigits) void Promise.resolve(onPin(typed.value)).finally(() => (typed.value = ""));
	};
	const erase = () => {
		if (!busy) typed.value = typed.value.slice(0, -1);
	};
	useEffect(() => pad.current?.focus({ preventScroll: true }), []);
	return (
		<div
			class="pinpad"
			ref={pad}
			tabIndex={-1}
			data-first
			role="group"
			aria-label={label}
			onKeyDown={(e) => {
				if (/^\d$/.test(e.key)) take(e.key);
				else if (e.key === "Backspace") erase();
				else return;
				e.preventDefault();
			}}
		>
			<p class="pinlabel">{label}</p>
			<div class="dots" aria-hidden="true">
				{Array.from({ length: pinDigits }, (_, i) => (
					<span class={i < typed.value.length ? "dot full" : "dot"} />
				))}
			</div>
			<p class="read" role="status">
				{say(pads.typed(typed.value.length, pinDigits))}
			</p>
			<p class="said wrong" role="alert">
				{busy ? <span class="spinner" aria-hidden="true" /> : error}
			</p>
			<Keys
				order={order.value}
				onDigit={take}
				corner={
					<button type="button" class="key small" onClick={() => (order.value = shuffle(draw))}>
						{say(pads.shuffle)}
					</button>
				}
				last={
					<button type="button" class="key" aria-label={say(pads.erase)} onClick={erase}>
						<Icon name="erase" />
					</button>
				}
			/>
		</div>
	);
}
