// A page's own database in IndexedDB: what it keeps by a key, and what was begun by its id.

export interface Database<Begun extends string> {
	// read asks one thing.
	read: <T>(store: "kept" | Begun, f: (s: IDBObjectStore) => IDBRequest<T>) => Promise<T>;
	// write does something in one transaction, and returns once it is on disk: what was
	// counted or begun is not forgotten by a crash.
	write: <T>(store: "kept" | Begun, f: (s: IDBObjectStore, done: (value: T) => void) => void) => Promise<T>;
	// erase removes everything.
	erase: () => Promise<void>;
}

export function database<Begun extends string>(name: string, version: number, begun: Begun): Database<Begun> {
	let opened: Promise<IDBDatabase> | undefined;
	const open = (): Promise<IDBDatabase> => {
		opened ??= new Promise((resolve, reject) => {
			const q = indexedDB.open(name, version);
			q.onupgradeneeded = () => {
				q.result.createObjectStore("kept");
				q.result.createObjectStore(begun, { keyPath: "id" });
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
	};
	return {
		async read<T>(store: "kept" | Begun, f: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
			const db = await open();
			return new Promise((resolve, reject) => {
				const q = f(db.transaction(store).objectStore(store));
				q.onsuccess = () => resolve(q.result);
				q.onerror = () => reject(q.error);
			});
		},
		async write<T>(store: "kept" | Begun, f: (s: IDBObjectStore, done: (value: T) => void) => void): Promise<T> {
			const db = await open();
			return new Promise((resolve, reject) => {
				const tx = db.transaction(store, "readwrite", { durability: "strict" });
				let value: T;
				f(tx.objectStore(store), (v) => (value = v));
				tx.oncomplete = () => resolve(value);
				tx.onerror = tx.onabort = () => reject(tx.error);
			});
		},
		async erase() {
			(await open()).close();
			opened = undefined;
			await new Promise<void>((resolve, reject) => {
				const q = indexedDB.deleteDatabase(name);
				q.onsuccess = () => resolve();
				q.onerror = () => reject(q.error);
			});
		},
	};
}
