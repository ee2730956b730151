// What this browser keeps, in IndexedDB: the device's key, which can't be read out, its
// count of calls, acts that were begun, and the bills that were seen last.

const database = "holdfast-wallet";
const version = 1;

export interface Device {
	key: CryptoKey;
	publicKey: Uint8Array<ArrayBuffer>;
	id: Uint8Array<ArrayBuffer>;
	// enrolled: the platform has said that it is somebody's.
	enrolled: boolean;
}

let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
	opened ??= new Promise((resolve, reject) => {
		const q = indexedDB.open(database, version);
		q.onupgradeneeded = () => {
			q.result.createObjectStore("kept");
			q.result.createObjectStore("acts", { keyPath: "id" });
		};
		q.onsuccess = () => {
			// A newer page in another tab may change the layout: let it.
			q.result.onversionchange = () => {
				q.result.close();
				opened = undefined;
			};
			resolve(q.result);
		};
		q.onerror = () => reject(q.error);
	});
	opened.catch(() => (opened = undefined));
	return opened;
}

type Name = "kept" | "acts";

// write does something in one transaction, and returns once it is on disk: what was
// counted or begun is not forgotten by a crash.
async function write<T>(name: Name, f: (s: IDBObjectStore, done: (value: T) => void) => void): Promise<T> {
	const db = await open();
	return new Promise((resolve, reject) => {
		const tx = db.transaction(name, "readwrite", { durability: "strict" });
		let value: T;
		f(tx.objectStore(name), (v) => (value = v));
		tx.oncomplete = () => resolve(value);
		tx.onerror = tx.onabort = () => reject(tx.error);
	});
}

async function read<T>(name: Name, f: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
	const db = await open();
	return new Promise((resolve, reject) => {
		const q = f(db.transaction(name).objectStore(name));
		q.onsuccess = () => resolve(q.result);
		q.onerror = () => reject(q.error);
	});
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
export async function forget(): Promise<void> {
	const db = await open();
	db.close();
	opened = undefined;
	await new Promise<void>((resolve, reject) => {
		const q = indexedDB.deleteDatabase(database);
		q.onsuccess = () => resolve();
		q.onerror = () => reject(q.error);
	});
}

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
