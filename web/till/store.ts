// What this tablet keeps, in IndexedDB: whose session it has, which till it stands at,
// what was begun, and what the shop set up here.

import { database } from "../wire/database";

const { read, write } = database("holdfast-till", 1, "deeds");

export const get = <T>(key: string): Promise<T | undefined> => read("kept", (s) => s.get(key) as IDBRequest<T | undefined>);

export const put = (key: string, value: unknown): Promise<void> => write("kept", (s) => void s.put(value, key));

export const drop = (key: string): Promise<void> => write("kept", (s) => void s.delete(key));

export const allDeeds = <D>(): Promise<D[]> => read("deeds", (s) => s.getAll() as IDBRequest<D[]>);

export const putDeed = (d: { id: string }): Promise<void> => write("deeds", (s) => void s.put(d));

export const dropDeed = (id: string): Promise<void> => write("deeds", (s) => void s.delete(id));
