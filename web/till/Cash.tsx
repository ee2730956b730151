import { signal, useSignal } from "@preact/signals";
import { Amount } from "../ui/Amount";
import { AmountPad, amountOf } from "../ui/AmountPad";
import { Button } from "../ui/Button";
import { QR } from "../ui/Code";
import { Field } from "../ui/Field";
import { yuan } from "../ui/money";
import { Sheet } from "../ui/Sheet";
import { Badge, Fact, Facts, Verdict } from "../ui/State";
import { clock, moment } from "../ui/time";
import { say, type Text } from "../ui/words";
import type { CashView, ShiftView } from "./api.gen";
import { begin, deed } from "./deeds";
import { newID } from "../wire/begun";
import { Progress, ScanSheet } from "./parts";
import { canUndo, shift, standing, till } from "./state";
import { t } from "./words";

// receiver is the code by which a customer is paid, as it was scanned.
export const receiver = signal("");
const way = signal<"in" | "out" | "shift">("in");

// Cash takes cash in and hands it out, while a shift is open.
export function Cash() {
	const s = shift.value;
	if (!s?.open) return <OpenShift />;
	const tab = (name: typeof way.value, text: Text) => (
		<button type="button" id={`cash-${name}`} aria-pressed={way.value === name} onClick={() => (way.value = name)}>
			{say(text)}
		</button>
	);
	return (
		<section class="stack">
			<div class="tabs" role="group">
				{tab("in", t.cashIn)}
				{tab("out", t.cashOut)}
				{tab("shift", t.endShift)}
			</div>
			{way.value === "in" ? <CashIn /> : way.value === "out" ? <CashOut /> : <EndShift shift={s} />}
			{way.value !== "shift" && <Deeds list={s.newest} />}
		</section>
	);
}

// useDeed is a deed of this screen, until it is closed.
function useDeed() {
	const id = useSignal("");
	return { id, d: deed(id.value) };
}

// fresh is for how long what an ended shift came to is shown.
const fresh = 3_600_000;

function OpenShift() {
	const float = useSignal("");
	const { id, d } = useDeed();
	const open = async () => {
		const mine = newID();
		const number = String(BigInt(till.value?.shift ?? "0") + 1n);
		await begin({ id: mine, call: "OpenShift", amount: amountOf(float.value), request: { till: standing.value, number, float: amountOf(float.value) } });
		id.value = mine;
	};
	const last = shift.value;
	if (d && d.state !== "done") {
		return (
			<Progress deed={d} going={t.opening} refused={t.shiftNot} done={{ title: t.done }}>
				<Button onPress={() => (id.value = "")}>{say(t.again)}</Button>
			</Progress>
		);
	}
	return (
		<section class="stack">
			{last && last.closedAt > 0 && Date.now() - last.closedAt < fresh ? (
				<>
					<Ended shift={last} />
					<h2 class="center">{say(t.nextShift)}</h2>
				</>
			) : <Verdict tone="info" icon="receive" title={say(t.noShift)} text={say(t.noShiftText)} />}
			<AmountPad shown={float} label={say(t.float)} onEnter={() => void open()} />
			<Button kind="primary" id="open-shift" onPress={() => void open()}>
				{say(t.openShift(yuan(amountOf(float.value))))}
			</Button>
		</section>
	);
}

// difference says what the count came to.
const difference = (missing: number): Text => (missing === 0 ? t.exact : missing > 0 ? t.missing(yuan(missing)) : t.tooMuch(yuan(-missing)));

function Ended({ shift: s }: { shift: ShiftView }) {
	return (
		<Verdict tone={s.missing === 0 ? "good" : "wait"} {...(s.missing === 0 ? {} : { icon: "warn" as const })} title={say(t.ended)} text={say(difference(s.missing))}>
			<div class="card">
				<Drawer shift={s} />
			</div>
		</Verdict>
	);
}

const mobile = /^1\d{10}$/;

function CashIn() {
	const amount = useSignal("");
	const phone = useSignal("");
	const change = useSignal(false);
	const wrong = useSignal(false);
	const scan = useSignal(false);
	const { id, d } = useDeed();
	const fen = amountOf(amount.value);
	const leave = () => {
		id.value = "";
		receiver.value = "";
	};
	if (d) {
		return (
			<>
				<Progress deed={d} going={t.cashGoing} refused={t.cashNot} note={t.cashNotText} done={{ title: t.cashDone, text: String(d.answer?.who ?? "") }}>
					<Amount fen={d.amount} size="display" />
				</Progress>
				{d.state !== "sending" && (
					<Button kind="primary" id="cash-done" onPress={leave}>
						{say(d.state === "done" ? t.done : t.again)}
					</Button>
				)}
			</>
		);
	}
	const read = (code: string) => {
		receiver.value = code.trim();
		scan.value = false;
	};
	const put = async () => {
		const number = phone.value.replace(/\s/g, "");
		if (receiver.value === "" && !mobile.test(number)) {
			wrong.value = true;
			return;
		}
		const mine = newID();
		const whose = receiver.value === "" ? { phone: number } : { code: receiver.value };
		await begin({ id: mine, call: "TakeCash", amount: fen, request: { till: standing.value, amount: fen, clientId: mine, change: change.value, ...whose } });
		amount.value = "";
		phone.value = "";
		receiver.value = "";
		id.value = mine;
	};
	return (
		<div class="stack">
			<p class="center small">{say(t.cashInText)}</p>
			<AmountPad shown={amount} />
			{receiver.value !== "" ? (
				<p class="read-code">
					<Badge tone="good">{say(t.codeRead)}</Badge>
					<Button kind="quiet" onPress={() => (receiver.value = "")}>
						{say(t.cancel)}
					</Button>
				</p>
			) : (
				<>
					<Field label={say(t.whose)} value={phone} name="phone" type="tel" inputMode="tel" maxLength={16} error={wrong.value ? say(t.whoseWrong) : undefined} onChange={() => (wrong.value = false)} />
					<Button icon="scan" onPress={() => (scan.value = true)}>
						{say(t.scanReceive)}
					</Button>
				</>
			)}
			<label class="check">
				<input type="checkbox" checked={change.value} onChange={(e) => (change.value = e.currentTarget.checked)} />
				<span>{say(t.change)}</span>
			</label>
			<Button kind="primary" id="put" disabled={fen === 0} onPress={() => void put()}>
				{say(t.cashInDo(yuan(fen)))}
			</Button>
			<ScanSheet open={scan.value} title={t.scanReceive} aim={t.aimReceive} onText={read} onClose={() => (scan.value = false)} />
		</div>
	);
}

function CashOut() {
	return (
		<div class="stack center">
			<p>{say(t.cashOutText)}</p>
			<QR text={till.value?.link ?? ""} label={say(t.printed)} />
		</div>
	);
}

const kinds: Record<string, Text> = { in: t.in, out: t.out, change: t.change };

function Deeds({ list }: { list: CashView[] }) {
	const asked = useSignal<CashView | undefined>(undefined);
	const { id, d } = useDeed();
	const undo = async (c: CashView) => {
		const mine = newID();
		await begin({ id: mine, call: "UndoCash", amount: c.amount, request: { till: standing.value, clientId: c.clientId } });
		id.value = mine;
	};
	const close = () => {
		asked.value = undefined;
		id.value = "";
	};
	const c = asked.value;
	return (
		<section class="stack">
			<h2>{say(t.deeds)}</h2>
			{list.length === 0 && <p class="small">{say(t.noDeeds)}</p>}
			<ul class="list" hidden={list.length === 0}>
				{list.map((m) => (
					<li key={m.clientId}>
						<div class="line">
							<span class="what">
								<span class="title">
									{say(kinds[m.kind] ?? t.in)} · <bdi>{m.who}</bdi>
								</span>
								<span class="note">
									<time dateTime={new Date(m.at).toISOString()}>{clock(m.at)}</time>
									{m.undoneAt > 0 && ` · ${say(t.undone)}`}
								</span>
							</span>
							<Amount fen={m.kind === "out" ? -m.amount : m.amount} flow />
							{m.kind !== "out" && canUndo(m) && (
								<Button kind="quiet" onPress={() => (asked.value = m)}>
									{say(t.undo)}
								</Button>
							)}
						</div>
					</li>
				))}
			</ul>
			<Sheet open={c !== undefined} title={say(t.undoAsk)} onClose={close} dialog>
				{d ? (
					<Progress deed={d} going={t.undo} refused={t.shiftNot} done={{ title: t.undo, text: say(t.undone) }} />
				) : (
					c && (
						<>
							<p>{say(t.undoText(c.who, yuan(c.amount)))}</p>
							<Button kind="danger" id="undo" onPress={() => void undo(c)}>
								{`${say(t.undo)} ${yuan(c.amount)}`}
							</Button>
						</>
					)
				)}
			</Sheet>
		</section>
	);
}

function Drawer({ shift: s }: { shift: ShiftView }) {
	return (
		<Facts>
			<Fact name={say(t.worker)}>{s.staff}</Fact>
			<Fact name={say(t.since)}>{moment(s.openedAt)}</Fact>
			<Fact name={say(t.float)}>{yuan(s.float)}</Fact>
			<Fact name={say(t.taken)}>{yuan(s.taken)}</Fact>
			<Fact name={say(t.paidOut)}>{yuan(s.paidOut)}</Fact>
			<Fact name={say(t.drawer)}>{yuan(s.expected)}</Fact>
			{!s.open && <Fact name={say(t.countedIs)}>{yuan(s.counted)}</Fact>}
		</Facts>
	);
}

function EndShift({ shift: s }: { shift: ShiftView }) {
	const counted = useSignal("");
	const { id, d } = useDeed();
	const end = async () => {
		if (counted.value === "") return;
		const mine = newID();
		await begin({ id: mine, call: "CloseShift", amount: amountOf(counted.value), request: { till: s.till, number: s.number, counted: amountOf(counted.value) } });
		id.value = mine;
	};
	if (d) {
		return (
			<Progress deed={d} going={t.ending} refused={t.shiftNot} done={{ title: t.ended }}>
				{d.state === "refused" && <Button onPress={() => (id.value = "")}>{say(t.again)}</Button>}
			</Progress>
		);
	}
	return (
		<div class="stack">
			<div class="card">
				<Drawer shift={s} />
			</div>
			<h2 class="center">{say(t.counted)}</h2>
			<AmountPad shown={counted} label={say(t.counted)} onEnter={() => void end()} />
			<Button kind="primary" id="end-shift" disabled={counted.value === ""} onPress={() => void end()}>
				{say(t.endShiftDo(yuan(amountOf(counted.value))))}
			</Button>
		</div>
	);
}
