// Whether somebody is signed in here. What says so is a cookie that no script can read,
// and the token that it was given for is kept nowhere.
import { signal } from "@preact/signals";
import { drop, get, put } from "./store";

// signedIn is undefined before it is known.
export const signedIn = signal<boolean | undefined>(undefined);
// ended: there was a session, which the platform does not know any more.
export const ended = signal(false);

export async function sessionBegun(): Promise<void> {
	await put("signed in", true);
	ended.value = false;
	signedIn.value = true;
}

export async function sessionEnded(): Promise<void> {
	await drop("signed in");
	ended.value = true;
	signedIn.value = false;
}

export const restore = async (): Promise<void> => {
	signedIn.value = (await get<boolean>("signed in")) ?? false;
};

// tokenIn finds a staff token in what was scanned, typed, or stands in an address.
export const tokenIn = (text: string): string | undefined => /hft_\d+_[A-Za-z0-9_-]{43}/.exec(text)?.[0];

// fromAddress takes the token that a sign-in link has behind its #, and removes it from
// the address and the history at once.
export function fromAddress(): string | undefined {
	const token = tokenIn(location.hash);
	if (location.hash) history.replaceState(null, "", location.pathname);
	return token;
}
