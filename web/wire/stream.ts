// What happens, as it happens: one stream, which goes on where it broke off. Nothing is
// asked for in between.
import type { Signal } from "@preact/signals";

const mostPause = 15_000;
// quiet is after how long without a message, which come at least every 15 s, a stream
// is dead.
const quiet = 40_000;

// Frames reads messages: a byte of flags, four of length, JSON (the Connect protocol).
export class Frames {
	private held = new Uint8Array(0);

	// add takes bytes as they come, and returns the messages that are whole; last is the
	// stream's own end.
	add(bytes: Uint8Array): { text: string; last: boolean }[] {
		const all = new Uint8Array(this.held.length + bytes.length);
		all.set(this.held);
		all.set(bytes, this.held.length);
		const found: { text: string; last: boolean }[] = [];
		let at = 0;
		while (all.length - at >= 5) {
			const size = new DataView(all.buffer, at + 1, 4).getUint32(0);
			if (all.length - at - 5 < size) break;
			found.push({ text: new TextDecoder().decode(all.subarray(at + 5, at + 5 + size)), last: ((all[at] ?? 0) & 2) !== 0 });
			at += 5 + size;
		}
		this.held = all.slice(at);
		return found;
	}
}

// frame is one message to be sent.
export function frame(json: string): Uint8Array<ArrayBuffer> {
	const body = new TextEncoder().encode(json);
	const out = new Uint8Array(5 + body.length);
	new DataView(out.buffer).setUint32(1, body.length);
	out.set(body, 5);
	return out;
}

export interface Listener {
	// open asks for the stream with a message.
	open: (body: Uint8Array<ArrayBuffer>, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
	// ask is what it is asked with, as JSON.
	ask: () => string;
	take: (text: string) => void;
	// ended looks at why it ended.
	ended: (text: string) => void;
	connected: Signal<boolean>;
	// unseen: it goes on while the page is not seen.
	unseen?: boolean;
}

// listen keeps a stream up, until the function that it returns is called.
export function listen(l: Listener): () => void {
	let stopped = false;
	let stop = new AbortController();
	let tries = 0;
	const once = async () => {
		stop = new AbortController();
		let timer = setTimeout(() => stop.abort(), quiet);
		try {
			const reader = (await l.open(frame(l.ask()), stop.signal)).getReader();
			const frames = new Frames();
			for (;;) {
				const { done, value } = await reader.read();
				if (done) return;
				clearTimeout(timer);
				timer = setTimeout(() => stop.abort(), quiet);
				for (const f of frames.add(value)) {
					if (f.last) return l.ended(f.text);
					l.take(f.text);
					l.connected.value = true;
					tries = 0;
				}
			}
		} finally {
			clearTimeout(timer);
		}
	};
	const wanted = () => !stopped && (l.unseen || document.visibilityState === "visible");
	let running = false;
	const run = async () => {
		running = true;
		while (wanted()) {
			await once().catch(() => {});
			l.connected.value = false;
			if (!stopped) await new Promise((r) => setTimeout(r, Math.min(500 * 2 ** tries++, mostPause)));
		}
		running = false;
	};
	void run();
	const seen = () => {
		if (!wanted()) stop.abort();
		else if (!running) void run();
	};
	document.addEventListener("visibilitychange", seen);
	return () => {
		stopped = true;
		stop.abort();
		document.removeEventListener("visibilitychange", seen);
	};
}
