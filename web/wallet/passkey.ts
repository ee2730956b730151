// Passkeys: what this device's own lock (a finger, a face, its code) signs instead of the
// PIN. What is asked for goes into what is signed, so that a grant is good for that alone.
import type { AskPasskeyRequest } from "./api.gen";
import { call, type Given } from "./call";
import { wallet } from "./state";
import { get, put } from "./store";

// About is the call that the grant is for, as it will be made.
export type About = { [K in keyof AskPasskeyRequest]?: Given<AskPasskeyRequest[K]> };

interface Parsing {
	parseCreationOptionsFromJSON?: (o: unknown) => PublicKeyCredentialCreationOptions;
	parseRequestOptionsFromJSON?: (o: unknown) => PublicKeyCredentialRequestOptions;
}

const browser = (): Parsing | undefined => (globalThis as { PublicKeyCredential?: Parsing }).PublicKeyCredential;

// able says whether this browser speaks of passkeys as the platform does.
export const able = (): boolean => typeof browser()?.parseCreationOptionsFromJSON === "function" && typeof browser()?.parseRequestOptionsFromJSON === "function";

// Declined is a passkey that was not used: the person closed the browser's question, or
// it has none that fits.
export class Declined extends Error {
	constructor(readonly why: "closed" | "address" | "exists") {
		super(why);
	}
}

function declined(e: unknown): unknown {
	if (!(e instanceof DOMException)) return e;
	if (e.name === "SecurityError") return new Declined("address");
	if (e.name === "InvalidStateError") return new Declined("exists");
	return e.name === "NotAllowedError" || e.name === "AbortError" ? new Declined("closed") : e;
}

const asJSON = (c: Credential | null): string => {
	if (!c) throw new Declined("closed");
	return JSON.stringify((c as unknown as { toJSON(): unknown }).toJSON());
};

// ask has a passkey sign for a call, and returns the grant.
export async function ask(about: About): Promise<string> {
	const asked = await call("AskPasskey", about as Given<AskPasskeyRequest>);
	let credential: string;
	try {
		const options = browser()?.parseRequestOptionsFromJSON?.(JSON.parse(asked.options));
		if (!options) throw new Declined("closed");
		credential = asJSON(await navigator.credentials.get({ publicKey: options }));
	} catch (e) {
		throw declined(e);
	}
	const { grant } = await call("CheckPasskey", { token: asked.token, credential });
	await put("passkey", true);
	return grant;
}

// Made is a passkey that the authenticator has made, and that the platform is to know.
export interface Made {
	token: Uint8Array;
	credential: string;
	label: string;
}

// make has this device's authenticator make a passkey.
export async function make(label: string): Promise<Made> {
	const asked = await call("BeginPasskey", {});
	try {
		const options = browser()?.parseCreationOptionsFromJSON?.(JSON.parse(asked.options));
		if (!options) throw new Declined("closed");
		return { token: asked.token, credential: asJSON(await navigator.credentials.create({ publicKey: options })), label };
	} catch (e) {
		throw declined(e);
	}
}

// add tells the platform of a passkey.
export async function add(m: Made, grant?: string): Promise<void> {
	wallet.value = await call("AddPasskey", { ...m, ...(grant ? { grant } : {}) });
	await put("passkey", true);
}

// here says whether one was made or used in this browser: only then is the person asked
// for it before they ask.
export const here = async (): Promise<boolean> => able() && (await get<boolean>("passkey")) === true;
