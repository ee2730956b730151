// A hand scanner is a keyboard: it types what it read and presses Enter, wherever the
// focus is. What it typed into a field is taken out of it again.

interface Stroke {
	char: string;
	undo: () => void;
}

export type Read = { kind: "pay" | "receive" | "token"; text: string };

// shapes are what may be read, each at the end of what was typed.
const shapes: [Read["kind"], RegExp][] = [
	["pay", /1[0-5]\d{16}$/],
	["receive", /holdfast:receive\/[0-9a-f]{32}(\/\d+\/[\w-]+)?$/i],
	["token", /(\S*#\S*)?hft_\d+_[\w-]{43}$/],
];

// read says what was typed last, and how long it is.
export function read(typed: string): (Read & { size: number }) | undefined {
	for (const [kind, shape] of shapes) {
		const found = shape.exec(typed)?.[0];
		if (found) return { kind, text: found, size: found.length };
	}
	return undefined;
}

const longest = 400;

const editable = (e: EventTarget | null): e is HTMLInputElement => e instanceof HTMLInputElement && e.type !== "checkbox" && e.type !== "file";

function restorer(box: HTMLInputElement): () => void {
	const before = box.value;
	return () => {
		box.value = before;
		box.dispatchEvent(new Event("input", { bubbles: true }));
	};
}

// hear calls onRead with each code; onKey takes keys that no field is there for, and
// returns how they are undone.
export function hear(onRead: (r: Read) => void, onKey: (key: string) => (() => void) | undefined): () => void {
	let typed: Stroke[] = [];
	const down = (e: KeyboardEvent) => {
		if (e.ctrlKey || e.altKey || e.metaKey) return;
		if (e.key === "Enter") {
			const found = read(typed.map((s) => s.char).join(""));
			if (found) {
				e.preventDefault();
				e.stopPropagation();
				typed[typed.length - found.size]?.undo();
				onRead(found);
			}
			typed = [];
			return;
		}
		const box = editable(e.target) ? e.target : undefined;
		if (e.key.length !== 1) {
			if (!box) onKey(e.key);
			if (e.key !== "Shift") typed = [];
			return;
		}
		const undo = box ? restorer(box) : (onKey(e.key) ?? (() => {}));
		typed = [...typed.slice(-longest), { char: e.key, undo }];
	};
	addEventListener("keydown", down, true);
	return () => removeEventListener("keydown", down, true);
}
