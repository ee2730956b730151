// Calls to the platform, signed by this device.
import { calls, messages, type Calls } from "./api.gen";
import { tag } from "../ui/words";
import { fromJSON, toJSON } from "../wire/json";
import { busy, Lost, post, Refused, settled } from "../wire/outcome";
import { signed } from "./sign";
import { get, nextCount, type Device } from "./store";

export { busy, Lost, Refused };

// ahead is how far the platform's clock is ahead of this device's, in seconds: a clock
// that is an hour wrong still signs calls that are taken.
let ahead = 0;

// now is the platform's time, as far as it is known.
export const now = (): number => Date.now() + ahead * 1000;

function hear(date: string | null): void {
	const at = Date.parse(date ?? "");
	if (!Number.isNaN(at)) ahead = Math.abs(at - Date.now()) > 30_000 ? Math.round((at - Date.now()) / 1000) : 0;
}

export type Given<T> = { [K in keyof T]?: T[K] };

// call asks the platform for something.
export async function call<C extends keyof Calls & string>(name: C, fields: Given<Calls[C]["asked"]>, device?: Device): Promise<Calls[C]["answered"]> {
	const signer = device ?? (await get<Device>("device"));
	if (name !== "SendCode" && !signer) throw new Refused("device_unknown", "", 0);
	const body = new TextEncoder().encode(toJSON(fields as Record<string, unknown>)) as Uint8Array<ArrayBuffer>;
	const before = ahead;
	let answer = await send(name, body, signer);
	if (answer.status === 401 && !answer.headers.has("Holdfast-Code") && ahead !== before) answer = await send(name, body, signer);
	return fromJSON(messages, calls[name][0], await settled(answer)) as unknown as Calls[C]["answered"];
}

const service = "/holdfast.v1.WalletService/";

// signature is what a call of this device carries.
async function signature(path: string, body: Uint8Array<ArrayBuffer>, device: Device): Promise<Record<string, string>> {
	const created = Math.floor(now() / 1000);
	return signed(device.key, { method: "POST", authority: location.host, path }, body, { created, counter: await nextCount(), key: device.id });
}

async function send(name: string, body: Uint8Array<ArrayBuffer>, device: Device | undefined): Promise<Response> {
	const path = `${service}${name}`;
	const headers: Record<string, string> = { "Content-Type": "application/json", "Accept-Language": tag() };
	if (device && name !== "SendCode") Object.assign(headers, await signature(path, body, device));
	const answer = await post(path, body, headers);
	hear(answer.headers.get("Date"));
	return answer;
}

// open opens a stream of messages, whose first bytes have come.
export async function open(name: string, body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
	const device = await get<Device>("device");
	if (!device) throw new Lost();
	const path = `${service}${name}`;
	const headers = { "Content-Type": "application/connect+json", "Connect-Protocol-Version": "1", "Accept-Language": tag(), ...(await signature(path, body, device)) };
	const answer = await fetch(path, { method: "POST", body, headers, signal, credentials: "omit", cache: "no-store", redirect: "error" });
	hear(answer.headers.get("Date"));
	if (!answer.ok || !answer.body) throw new Lost();
	return answer.body;
}
