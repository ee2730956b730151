// What this tablet keeps, in IndexedDB: whose session it has, which till it stands at,
// what was begun, and what the shop set up here.

const database = "holdfast-till";

let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
	opened ??= new Promise((resolve, reject) => {
		const q = indexedDB.open(database, 1);
		q.onupgradeneeded = () => {
			q.result.createObjectStore("kept");
			q.result.createObjectStore("deeds", { keyPath: "id" });
		};
		q.onsuccess = () => resolve(q.result);
		q.onerror = () => reject(q.error);
	});
	opened.catch(() => (opened = undefined));
	return opened;
}

type Name = "kept" | "deeds";

async function ask<T>(name: Name, f: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
	const db = await open();
	return new Promise((resolve, reject) => {
		const q = f(db.transaction(name).objectStore(name));
		q.onsuccess = () => resolve(q.result);
		q.onerror = () => reject(q.error);
	});
}

// change returns once it is on disk.
async function change(name: Name, f: (s: IDBObjectStore) => void): Promise<void> {
	const db = await open();
	return new Promise((resolve, reject) => {
		const tx = db.transaction(name, "readwrite", { durability: "strict" });
		f(tx.objectStore(name));
		tx.oncomplete = () => resolve();
		tx.onerror = tx.onabort = () => reject(tx.error);
	});
}

export const get = <T>(key: string): Promise<T | undefined> => ask("kept", (s) => s.get(key) as IDBRequest<T | undefined>);

export const put = (key: string, value: unknown): Promise<void> => change("kept", (s) => void s.put(value, key));

export const drop = (key: string): Promise<void> => change("kept", (s) => void s.delete(key));

export const allDeeds = <D>(): Promise<D[]> => ask("deeds", (s) => s.getAll() as IDBRequest<D[]>);

export const putDeed = (d: { id: string }): Promise<void> => change("deeds", (s) => void s.put(d));

export const dropDeed = (id: string): Promise<void> => change("deeds", (s) => void s.delete(id));
