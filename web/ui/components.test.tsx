import assert from "node:assert/strict";
import test from "node:test";
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { render } from "preact-render-to-string";
import { Amount } from "./Amount";
import { AmountPad, amountOf } from "./AmountPad";
import { Button } from "./Button";
import { Bars, QR, runs } from "./Code";
import { Choice } from "./Choice";
import { Field } from "./Field";
import { byDay, Days } from "./List";
import { PinPad, shuffle } from "./PinPad";
import { Copyable, Countdown, Verdict, Who } from "./State";
import { left } from "./time";
import { TimeLine } from "./TimeLine";
import { preferred, speak } from "./words";

// text is what a page says, without its elements.
const html = (v: VNode) => render(v);

test("an amount that left and one that came look different without colour", () => {
	assert.match(html(<Amount fen={-2300} flow />), /\u2212<span class="currency">¥<\/span>23\.00/);
	assert.match(html(<Amount fen={2300} flow />), /\+<span class="currency">/);
	assert.doesNotMatch(html(<Amount fen={2300} hidden />), /23/);
});

test("a busy button keeps its place and says that it is busy", () => {
	const b = html(<Button kind="primary" busy onPress={() => {}}>Pay</Button>);
	assert.match(b, /aria-busy="true"/);
	assert.match(b, /aria-disabled="true"/);
	assert.doesNotMatch(b, / disabled/);
});

test("what is wrong with a field is said beside it", () => {
	const f = html(<Field label="Phone" value={signal("1")} error="Too short." />);
	const id = /<input id="([^"]+)"/.exec(f)?.[1];
	assert.ok(id && f.includes(`for="${id}"`) && f.includes(`aria-describedby="${id}-said"`) && f.includes(`id="${id}-said"`));
	assert.match(f, /role="alert"/);
});

test("a choice has its label, and says each thing in the person's language", () => {
	const c = html(<Choice label="Kind" value={signal("b")} among={{ a: { zh: "甲", en: "A" }, b: { zh: "乙", en: "B" } }} name="kind" />);
	const id = /<select id="([^"]+)"/.exec(c)?.[1];
	assert.ok(id && c.includes(`for="${id}"`));
	assert.match(c, /<option[^>]*value="b"[^>]*>(乙|B)<\/option>/);
});

test("a PIN pad shows how many digits there are, and is no password field", () => {
	const p = html(<PinPad label="PIN" onPin={() => {}} />);
	assert.equal(p.match(/class="dot"/g)?.length, 6);
	assert.doesNotMatch(p, /<input/);
	assert.equal([...shuffle((n) => n - 1)].sort().join(""), "0123456789");
	assert.notEqual(shuffle(() => 0), "1234567890");
});

test("an amount pad has each key once, with a name", () => {
	const p = html(<AmountPad shown={signal("12.5")} />);
	assert.equal(p.match(/class="key"/g)?.length, 12);
	assert.equal(amountOf("12.5"), 1250);
	assert.equal(amountOf(""), 0);
});

test("a code is black on white in every theme", () => {
	assert.match(html(<QR text="https://pay.example/pay/wx1" label="code" />), /fill="#fff".*fill="#000"/);
	// 11 modules for the start, each pair of digits and the check, 13 for the stop, 10 of quiet on either side.
	assert.match(html(<Bars text="281234567890123456" label="pay code" />), /viewBox="0 0 154 40"/);
	assert.deepEqual(runs([true, true, false, true]), [[0, 2], [3, 1]]);
});

test("bills stand under their days", () => {
	const e = (key: string, at: number) => ({ key, at, title: key, icon: "bill" as const });
	const noon = new Date(2026, 4, 1, 12).getTime();
	assert.deepEqual(byDay([e("a", noon), e("b", noon - 3600_000), e("c", noon - 86400_000)]).map((d) => d.length), [2, 1]);
	assert.match(html(<Days entries={[{ ...e("\u202Eabc", noon), amount: -1 }]} />), /<bdi>\u202Eabc<\/bdi>/);
});

test("times that are left", () => {
	assert.equal(left(0), "0:00");
	assert.equal(left(61_000), "1:01");
	assert.equal(left(3_661_001), "1:01:02");
	assert.match(html(<Countdown until={100_000} now={() => 35_000} />), /1:05/);
});

test("verdicts, numbers, people and steps say what they are", () => {
	assert.match(html(<Verdict tone="bad" title="Not paid" code="balance_too_low" />), /role="status".*balance_too_low/);
	assert.match(html(<Copyable label="Number" value="42" />), /aria-label="(Copy|复制) Number"/);
	assert.match(html(<Who name="**明" />), /<bdi>\*\*明<\/bdi>/);
	assert.match(html(<TimeLine steps={[{ what: "Paid", at: 1, state: "done" }, { what: "Refund", state: "now" }]} />), /aria-current="step"/);
});

test("the language is what was chosen, else the browser's first that we speak, else Chinese", () => {
	assert.equal(preferred(null, ["fr", "en-GB", "zh"]), "en");
	assert.equal(preferred("zh", ["en"]), "zh");
	assert.equal(preferred(null, ["fr"]), "zh");
	speak("en"); // where there is no storage
});
