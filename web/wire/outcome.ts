// How a call ended: with an answer, refused, or nobody knows.

// Refused is a refusal: it is known that nothing was done.
export class Refused extends Error {
	constructor(
		readonly code: string,
		readonly sentence: string,
		readonly after: number,
	) {
		super(code || sentence);
	}
}

// Lost is no answer: what was asked for may have been done, or not.
export class Lost extends Error {}

// unsettled are refusals after which the outcome is still to be asked for.
const unsettled = new Set(["unknown", "internal"]);
// later are refusals that took nothing: the same call is repeated in a moment.
const later = new Set(["overloaded", "not_leader", "read_only", "disk_low", "clock_skew"]);

export const busy = (e: unknown): boolean => e instanceof Refused && later.has(e.code);

const patience = 12_000;

// post sends a call's body, and waits for an answer for so long. A cookie goes with it
// only where its service lives by one.
export async function post(path: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string>, credentials: RequestCredentials = "omit"): Promise<Response> {
	const stop = new AbortController();
	const timer = setTimeout(() => stop.abort(), patience);
	try {
		return await fetch(path, { method: "POST", body, headers, signal: stop.signal, credentials, cache: "no-store", redirect: "error" });
	} catch {
		throw new Lost();
	} finally {
		clearTimeout(timer);
	}
}

// settled is the JSON of what was answered; a refusal and a loss are thrown.
export async function settled(answer: Response): Promise<Record<string, unknown>> {
	// A node of an older version, while a newer one is being put in place, has no such call.
	if (answer.status === 404 && !answer.headers.has("Holdfast-Code")) throw new Refused("not_here", "", 0);
	let said: Record<string, unknown>;
	try {
		said = (await answer.json()) as Record<string, unknown>;
	} catch {
		throw new Lost();
	}
	if (answer.ok) return said;
	const code = answer.headers.get("Holdfast-Code") ?? "";
	if (unsettled.has(code) || (code === "" && answer.status >= 500)) throw new Lost();
	throw new Refused(code, String(said.message ?? ""), Number(answer.headers.get("Retry-After") ?? 0));
}
