import type { ComponentChildren } from "preact";

// Keys is the grid of a pad: ten digits, and what stands left and right of the zero.
export function Keys({ order = "1234567890", corner, last, onDigit }: { order?: string; corner: ComponentChildren; last: ComponentChildren; onDigit: (digit: string) => void }) {
	const key = (d: string) => (
		<button type="button" class="key" onClick={() => onDigit(d)}>
			{d}
		</button>
	);
	return (
		<div class="keys">
			{[...order.slice(0, 9)].map(key)}
			{corner}
			{key(order[9] ?? "0")}
			{last}
		</div>
	);
}
