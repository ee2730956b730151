// What happens, as it happens: one stream while the page is seen, which goes on where it
// broke off. Nothing is asked for in between.
import { signal } from "@preact/signals";
import { fromJSON } from "./json";
import type { Happening, News } from "./api.gen";
import { open } from "./call";

// connected says whether the stream stands.
export const connected = signal(false);

const mostPause = 15_000;
// quiet is after how long without a message, which come at least every 15 s, a stream
// is dead.
const quiet = 40_000;

// frames reads messages: a byte of flags, four of length, JSON (the Connect protocol).
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

let cursor = "0";

// follow calls onNews for what happened, for as long as the page is seen. Whatever was
// missed before the first message, the page has read by then.
export function follow(onNews: (happened: Happening[]) => void): () => void {
	let stopped = false;
	let stop = new AbortController();
	let tries = 0;
	const once = async () => {
		stop = new AbortController();
		let timer = setTimeout(() => stop.abort(), quiet);
		const answer = await open("Follow", frame(JSON.stringify(cursor === "0" ? {} : { cursor })), stop.signal);
		const reader = answer.getReader();
		const frames = new Frames();
		for (;;) {
			const { done, value } = await reader.read();
			if (done) return;
			clearTimeout(timer);
			timer = setTimeout(() => stop.abort(), quiet);
			for (const f of frames.add(value)) {
				if (f.last) return ended(f.text);
				const news = fromJSON("News", JSON.parse(f.text)) as unknown as News;
				cursor = news.cursor;
				connected.value = true;
				tries = 0;
				if (news.happened.length > 0) onNews(news.happened);
			}
		}
	};
	const run = async () => {
		while (!stopped && document.visibilityState === "visible") {
			await once().catch(() => {});
			connected.value = false;
			if (!stopped) await new Promise((r) => setTimeout(r, Math.min(500 * 2 ** tries++, mostPause)));
		}
		running = false;
	};
	let running = true;
	void run();
	const seen = () => {
		if (document.visibilityState !== "visible") stop.abort();
		else if (!running && !stopped) {
			running = true;
			void run();
		}
	};
	document.addEventListener("visibilitychange", seen);
	return () => {
		stopped = true;
		stop.abort();
		document.removeEventListener("visibilitychange", seen);
	};
}

// ended looks at why a stream ended: one that is too far behind begins anew.
function ended(text: string): void {
	if (text.includes("cursor_too_old")) cursor = "0";
}
