// Sign-in codes: what a screen shows, for a wallet to scan and to sign the screen in with.
// It holds the hash of a secret that the screen alone has.

const page = "/signin";

const url = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

// Secret is what a session will open with.
export interface Secret {
	secret: Uint8Array<ArrayBuffer>;
	hash: Uint8Array<ArrayBuffer>;
}

export async function draw(): Promise<Secret> {
	const secret = crypto.getRandomValues(new Uint8Array(32));
	return { secret, hash: new Uint8Array(await crypto.subtle.digest("SHA-256", secret)) };
}

// codeOf is the code that a screen shows.
export const codeOf = (hash: Uint8Array): string => `${location.origin}${page}#${url(hash)}`;

// session is what a member's session is called, once a wallet has opened it.
export const session = (staff: string, s: Secret): string => `hfs_${staff}_${url(s.secret)}`;

// hashIn reads the hash behind a code's #.
export function hashIn(text: string): Uint8Array<ArrayBuffer> | undefined {
	if (!/^[A-Za-z0-9_-]{43}$/.test(text)) return undefined;
	return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/") + "="), (c) => c.charCodeAt(0));
}

// digits are four by which a person sees that the code is of the screen before them.
export const digits = (hash: Uint8Array): string => String((((hash[0] ?? 0) << 8) | (hash[1] ?? 0)) % 10000).padStart(4, "0");
