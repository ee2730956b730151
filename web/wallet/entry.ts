// A journal entry as docs/reference/receipts.md writes it down: a protobuf message, read
// and never written. What is not a message is an error, as it is for the platform.

export interface Posting {
	code: number;
	debit: string;
	credit: string;
	amount: bigint;
	currency: number;
}

export interface Entry {
	seq: bigint;
	at: number;
	entity: string;
	name: string;
	postings: Posting[];
	commitments: Uint8Array<ArrayBuffer>[];
}

type Value = bigint | Uint8Array<ArrayBuffer>;

const varint = 0;
const fixed64 = 1;
const bytes = 2;
const fixed32 = 5;

// kinds are the wire types of an entry's and a posting's fields.
const entryKinds: Record<number, number> = {
	1: varint, 2: varint, 3: varint, 4: varint, 5: varint, 6: bytes, 7: bytes, 8: bytes, 9: bytes, 10: bytes, 11: varint, 12: varint, 13: bytes, 14: bytes, 15: bytes,
};
const postingKinds: Record<number, number> = { 1: varint, 2: bytes, 3: bytes, 4: varint, 5: varint };

// Reader steps through a message.
class Reader {
	at = 0;
	constructor(private readonly data: Uint8Array<ArrayBuffer>) {}

	get more(): boolean {
		return this.at < this.data.length;
	}

	varint(): bigint {
		let value = 0n;
		for (let shift = 0n; shift < 64n + 6n; shift += 7n) {
			const b = this.data[this.at++];
			if (b === undefined) throw new Error("a number is cut short");
			value |= BigInt(b & 0x7f) << shift;
			if (b < 0x80) return BigInt.asUintN(64, value);
		}
		throw new Error("a number is too long");
	}

	take(n: number): Uint8Array<ArrayBuffer> {
		if (n > this.data.length - this.at) throw new Error("a field is cut short");
		const part = this.data.slice(this.at, this.at + n);
		this.at += n;
		return part;
	}

	value(wire: number): Value {
		switch (wire) {
			case varint:
				return this.varint();
			case fixed64:
				return this.take(8);
			case bytes:
				return this.take(Number(this.varint()));
			case fixed32:
				return this.take(4);
		}
		throw new Error(`wire type ${wire} is none of ours`);
	}
}

// fields calls each for every field of a message whose fields have these kinds.
function fields(data: Uint8Array<ArrayBuffer>, kinds: Record<number, number>, each: (n: number, v: Value) => void): void {
	const r = new Reader(data);
	while (r.more) {
		const tag = r.varint();
		const n = Number(tag >> 3n);
		const wire = Number(tag & 7n);
		if (n === 0 || n > 0x1fffffff) throw new Error("a field has no number");
		if (kinds[n] !== undefined && kinds[n] !== wire) throw new Error(`field ${n} is of another kind`);
		each(n, r.value(wire));
	}
}

const text = (v: Value): string => new TextDecoder().decode(v as Uint8Array);

function readPosting(data: Uint8Array<ArrayBuffer>): Posting {
	const p: Posting = { code: 0, debit: "", credit: "", amount: 0n, currency: 0 };
	fields(data, postingKinds, (n, v) => {
		if (n === 1) p.code = Number(v);
		else if (n === 2) p.debit = text(v);
		else if (n === 3) p.credit = text(v);
		else if (n === 4) p.amount = BigInt.asIntN(64, v as bigint);
		else if (n === 5) p.currency = Number(v);
	});
	return p;
}

// readEntry reads an entry's bytes.
export function readEntry(data: Uint8Array<ArrayBuffer>): Entry {
	const e: Entry = { seq: 0n, at: 0, entity: "", name: "", postings: [], commitments: [] };
	fields(data, entryKinds, (n, v) => {
		if (n === 1) e.seq = v as bigint;
		else if (n === 3) e.at = Number(BigInt.asIntN(64, v as bigint));
		else if (n === 7) e.entity = text(v);
		else if (n === 8) e.name = text(v);
		else if (n === 9) e.postings.push(readPosting(v as Uint8Array<ArrayBuffer>));
		else if (n === 10) e.commitments.push(v as Uint8Array<ArrayBuffer>);
	});
	return e;
}
