// Passkeys: what this device's own lock (a finger, a face, its code) signs instead of the
// PIN. What is asked for goes into what is signed, so that a grant is good for that alone.
import type { AskPasskeyRequest } from "./api.gen";
import { call, type Given } from "./call";
import { wallet } from "./state";
import { get, put } from "./store";
import { able, created, Declined, signed } from "../wire/passkey";

export { able, Declined };

// About is the call that the grant is for, as it will be made.
export type About = { [K in keyof AskPasskeyRequest]?: Given<AskPasskeyRequest[K]> };

// ask has a passkey sign for a call, and returns the grant.
export async function ask(about: About): Promise<string> {
	const asked = await call("AskPasskey", about as Given<AskPasskeyRequest>);
	const credential = await signed(asked.options);
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
	return { token: asked.token, credential: await created(asked.options), label };
}

// add tells the platform of a passkey.
export async function add(m: Made, grant?: string): Promise<void> {
	wallet.value = await call("AddPasskey", { ...m, ...(grant ? { grant } : {}) });
	await put("passkey", true);
}

// here says whether one was made or used in this browser: only then is the person asked
// for it before they ask.
export const here = async (): Promise<boolean> => able() && (await get<boolean>("passkey")) === true;
