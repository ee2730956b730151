// Bar is one group of a chart: two amounts under a name.
export interface Bar {
	name: string;
	// label is the name in full, for who reads by ear.
	label: string;
	up: number;
	down: number;
}

const height = 120;
const step = 48;
const width = 14;

// tall is a bar's height: whatever is there at all is seen.
const tall = (value: number, most: number): number => (value === 0 ? 0 : Math.max(2, Math.round((value * height) / most)));

// Chart draws two bars a group, from one line up: what they are stands in the legend, and
// a table beneath has the numbers.
export function Chart({ bars, up, down, label }: { bars: Bar[]; up: string; down: string; label: string }) {
	const most = Math.max(1, ...bars.map((b) => Math.max(b.up, b.down)));
	const wide = bars.length * step;
	return (
		<figure class="chart">
			<svg role="img" aria-label={label} viewBox={`0 0 ${wide} ${height + 24}`}>
				<line x1="0" x2={wide} y1={height + 0.5} y2={height + 0.5} class="axis" />
				{bars.map((b, i) => {
					const x = i * step + (step - 2 * width - 2) / 2;
					const a = tall(b.up, most);
					const z = tall(b.down, most);
					return (
						<g key={b.label}>
							<rect class="up" x={x} y={height - a} width={width} height={a} rx="2" />
							<rect class="down" x={x + width + 2} y={height - z} width={width} height={z} rx="2" />
							<text x={i * step + step / 2} y={height + 17} text-anchor="middle">
								{b.name}
							</text>
						</g>
					);
				})}
			</svg>
			<figcaption class="legend small">
				<span class="swatch up">{up}</span>
				<span class="swatch down">{down}</span>
			</figcaption>
		</figure>
	);
}
