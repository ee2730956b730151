// What the goods look like.
import type { VNode } from "preact";

const leaf = (x: number, y: number, turn: number) => <path d="M0 0c6-10 18-10 24-2-6 10-18 10-24 2zm2 0h18" transform={`translate(${x} ${y}) rotate(${turn})`} />;

const drawings: Record<string, () => VNode> = {
	oolong: () => (
		<>
			{leaf(15, 45, -40)}
			{leaf(30, 48, 10)}
			{leaf(32, 34, -80)}
		</>
	),
	jasmine: () => (
		<>
			{[0, 72, 144, 216, 288].map((turn) => (
				<path key={turn} d="M32 30c-6-8-4-16 0-20 4 4 6 12 0 20z" transform={`rotate(${turn} 32 32)`} />
			))}
			<circle cx="32" cy="32" r="4" />
		</>
	),
	cup: () => (
		<>
			<path d="M14 22h30v12c0 9-6 14-15 14s-15-5-15-14zM44 26h4c4 0 6 2 6 6s-3 6-7 6h-4" />
			<path d="M24 16c-2-3 2-4 0-7M34 16c-2-3 2-4 0-7" />
		</>
	),
};

export function drawing(id: string) {
	return (
		<svg class="drawing" viewBox="0 0 64 64" aria-hidden="true">
			{drawings[id]?.()}
		</svg>
	);
}
