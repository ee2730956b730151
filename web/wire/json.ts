// Messages as protobuf's JSON has them: 64-bit numbers are text, bytes are base64, and
// what is zero or empty is left out.
import { base64, unbase64 } from "./base64";

type Kinds = Readonly<Record<string, string>>;

// Messages says of each message's fields what kind they are, as api.gen.ts does.
export type Messages = Readonly<Record<string, Kinds>>;

// toJSON writes a message; fields that are not given are left out.
export function toJSON(fields: Record<string, unknown>): string {
	return JSON.stringify(fields, (_, value: unknown) => (value instanceof Uint8Array ? base64(value) : value));
}

// fromJSON reads a message, and fills in what was left out.
export function fromJSON(messages: Messages, message: string, json: unknown): Record<string, unknown> {
	const given = (typeof json === "object" && json !== null ? json : {}) as Record<string, unknown>;
	const read: Record<string, unknown> = {};
	for (const [name, kind] of Object.entries(messages[message] ?? {})) {
		const value = given[name];
		if (kind.endsWith("[]")) read[name] = ((value ?? []) as unknown[]).map((v) => one(messages, kind.slice(0, -2), v));
		else read[name] = one(messages, kind, value);
	}
	return read;
}

function one(messages: Messages, kind: string, value: unknown): unknown {
	switch (kind) {
		case "text":
			return value ?? "";
		case "bool":
			return value ?? false;
		case "number":
			return whole(value ?? 0);
		case "id":
			return String(value ?? "0");
		case "bytes":
			return unbase64(String(value ?? ""));
	}
	return kind in messages ? (value === undefined || value === null ? undefined : fromJSON(messages, kind, value)) : String(value ?? "");
}

// whole reads a number of fen or milliseconds, which a double holds exactly.
function whole(value: unknown): number {
	const n = Number(value);
	if (!Number.isSafeInteger(n)) throw new Error("a number is beyond what can be shown exactly");
	return n;
}
