// What this browser keeps, in IndexedDB: the device's key, which can't be read out, its
// count of calls, acts that were begun, and the bills that were seen last.

import { database } from "../wire/database";

const { read, write, erase } = database("holdfast-wallet", 1, "acts");

export interface Device {
	key: CryptoKey;
	publicKey: Uint8Array<ArrayBuffer>;
	id: Uint8Array<ArrayBuffer>;
	// enrolled: the platform has said that it is somebody's.
	enrolled: boolean;
}

export const get = <T>(key: string): Promise<T | undefined> => read("kept", (s) => s.get(key) as IDBRequest<T | undefined>);

export const put = (key: string, value: unknown): Promise<void> => write("kept", (s) => void s.put(value, key));

// update replaces what is kept under a key by what f makes of it, in one transaction.
export const update = <T>(key: string, f: (old: T | undefined) => T): Promise<T> =>
	write("kept", (s, done) => {
		const q = s.get(key) as IDBRequest<T | undefined>;
		q.onsuccess = () => {
			const value = f(q.result);
			s.put(value, key);
			done(value);
		};
	});

// nextCount counts a call. Two tabs never get one number, nor does a page that starts
// after a crash.
export const nextCount = (): Promise<number> => update<number>("counter", (n) => (n ?? 0) + 1);

export const acts = <A>(): Promise<A[]> => read("acts", (s) => s.getAll() as IDBRequest<A[]>);

export const act = <A>(id: string): Promise<A | undefined> => read("acts", (s) => s.get(id) as IDBRequest<A | undefined>);

export const putAct = (a: { id: string }): Promise<void> => write("acts", (s) => void s.put(a));

export const dropAct = (id: string): Promise<void> => write("acts", (s) => void s.delete(id));

// forget removes everything: the key too.
export const forget = erase;

// usable says whether this browser can hold a wallet at all: some in-app browsers keep
// no keys, or nothing.
export async function usable(): Promise<"yes" | "no-crypto" | "no-storage" | "full"> {
	if (!globalThis.crypto?.subtle) return "no-crypto";
	try {
		await put("probe", 1);
		return "yes";
	} catch (e) {
		return e instanceof DOMException && e.name === "QuotaExceededError" ? "full" : "no-storage";
	}
}
