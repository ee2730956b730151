// What is begun has a name of its own, and is asked about until its outcome is known.

// newID names one thing that is begun: sent again under it, it is the same.
export function newID(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

// Pauses lie between tries, each twice as long as the one before and at most as long as
// is said, in milliseconds.
export class Pauses {
	private early: (() => void)[] = [];

	constructor(private readonly most: number) {}

	// after pauses after so many tries.
	after(tries: number): Promise<void> {
		return new Promise((resolve) => {
			const timer = setTimeout(resolve, Math.min(1000 * 2 ** tries, this.most));
			this.early.push(() => {
				clearTimeout(timer);
				resolve();
			});
		});
	}

	// end ends those under way: the network is back, or somebody asks.
	end(): void {
		const all = this.early;
		this.early = [];
		for (const f of all) f();
	}
}
