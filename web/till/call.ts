// Calls to the platform in the name of whoever works here. What they signed in
// with is a cookie that no script can read.
import { tag } from "../ui/words";
import { fromJSON, toJSON } from "../wire/json";
import { Lost, post, Refused, settled } from "../wire/outcome";
import { calls, messages, type Calls } from "./api.gen";
import { sessionEnded } from "./session";

type Given<T> = { [K in keyof T]?: T[K] };

const path = (name: keyof typeof calls): string => `/holdfast.v1.${calls[name][1]}/${name}`;

const cookie: RequestCredentials = "same-origin";

// unknown is the refusal of whoever is not signed in.
export const unknown = "staff_secret_invalid";

// call asks the platform for something, as whoever is signed in, or as whoever has a
// token; with an empty one as nobody yet.
export async function call<C extends keyof Calls & string>(name: C, fields: Given<Calls[C]["asked"]>, token?: string): Promise<Calls[C]["answered"]> {
	const headers: Record<string, string> = { "Content-Type": "application/json", "Accept-Language": tag() };
	if (token) headers.Authorization = `Bearer ${token}`;
	const body = new TextEncoder().encode(toJSON(fields as Record<string, unknown>)) as Uint8Array<ArrayBuffer>;
	try {
		const answer = await post(path(name), body, headers, cookie);
		return fromJSON(messages, calls[name][0], await settled(answer)) as unknown as Calls[C]["answered"];
	} catch (e) {
		if (e instanceof Refused && e.code === unknown && token === undefined) await sessionEnded();
		throw e;
	}
}

// open opens a stream of messages.
export async function open(name: keyof typeof calls, body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
	const headers = { "Content-Type": "application/connect+json", "Connect-Protocol-Version": "1", "Accept-Language": tag() };
	const answer = await fetch(path(name), { method: "POST", body, headers, signal, credentials: cookie, cache: "no-store", redirect: "error" });
	if (answer.headers.get("Holdfast-Code") === unknown) await sessionEnded();
	if (!answer.ok || !answer.body) throw new Lost();
	return answer.body;
}
