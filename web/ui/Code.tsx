import code128 from "jsbarcode/bin/barcodes/CODE128/CODE128_AUTO.js";
import { encode } from "uqr";

// The module is CommonJS: its class is the default of its default.
const CODE128 = code128.default;

// runs are the dark stretches of a row of modules: [start, length].
export function runs(row: ArrayLike<boolean>): [number, number][] {
	const found: [number, number][] = [];
	for (let i = 0; i < row.length; i++) {
		if (!row[i]) continue;
		const last = found[found.length - 1];
		if (last && last[0] + last[1] === i) last[1]++;
		else found.push([i, 1]);
	}
	return found;
}

// QR draws a code to be scanned: black on white in every theme, with its quiet zone.
export function QR({ text, label }: { text: string; label: string }) {
	const qr = encode(text, { ecc: "M", border: 4 });
	const path = qr.data.map((row, y) => runs(row).map(([x, n]) => `M${x} ${y}h${n}v1h-${n}z`).join("")).join("");
	return (
		<svg class="qr" role="img" aria-label={label} viewBox={`0 0 ${qr.size} ${qr.size}`} shape-rendering="crispEdges">
			<rect width={qr.size} height={qr.size} fill="#fff" />
			<path d={path} fill="#000" />
		</svg>
	);
}

const quiet = 10;

// Bars draws Code 128, which tills' hand scanners read best.
export function Bars({ text, label }: { text: string; label: string }) {
	const modules = new CODE128(text, {}).encode().data;
	const width = modules.length + 2 * quiet;
	return (
		<svg class="bars" role="img" aria-label={label} viewBox={`0 0 ${width} 40`} preserveAspectRatio="none" shape-rendering="crispEdges">
			<rect width={width} height={40} fill="#fff" />
			<path d={runs([...modules].map((m) => m === "1")).map(([x, n]) => `M${x + quiet} 4h${n}v32h-${n}z`).join("")} fill="#000" />
		</svg>
	);
}
