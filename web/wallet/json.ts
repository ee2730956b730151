// Messages as protobuf's JSON has them: 64-bit numbers are text, bytes are base64, and
// what is zero or empty is left out.
import { messages } from "./api.gen";
import { base64, unbase64 } from "./sign";

type Kinds = Readonly<Record<string, string>>;

const kindsOf = (message: string): Kinds => (messages as Readonly<Record<string, Kinds>>)[message] ?? {};

// toJSON writes a message; fields that are not given are left out.
export function toJSON(fields: Record<string, unknown>): string {
	return JSON.stringify(fields, (_, value: unknown) => (value instanceof Uint8Array ? base64(value) : value));
}

// fromJSON reads a message, and fills in what was left out.
export function fromJSON(message: string, json: unknown): Record<string, unknown> {
	const given = (typeof json === "object" && json !== null ? json : {}) as Record<string, unknown>;
	const read: Record<string, unknown> = {};
	for (const [name, kind] of Object.entries(kindsOf(message))) {
		const value = given[name];
		if (kind.endsWith("[]")) read[name] = ((value ?? []) as unknown[]).map((v) => one(kind.slice(0, -2), v));
		else read[name] = one(kind, value);
	}
	return read;
}

function one(kind: string, value: unknown): unknown {
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
	return kind in messages ? (value === undefined || value === null ? undefined : fromJSON(kind, value)) : String(value ?? "");
}

// whole reads a number of fen or milliseconds, which a double holds exactly.
function whole(value: unknown): number {
	const n = Number(value);
	if (!Number.isSafeInteger(n)) throw new Error("a number is beyond what can be shown exactly");
	return n;
}
