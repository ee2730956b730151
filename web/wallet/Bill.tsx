import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Amount } from "../ui/Amount";
import { Button } from "../ui/Button";
import { Row, Rows } from "../ui/List";
import { yuan } from "../ui/money";
import { Screen } from "../ui/Screen";
import { Copyable, Fact, Facts, Skeleton, Verdict } from "../ui/State";
import { clock, moment } from "../ui/time";
import { TimeLine, type Step } from "../ui/TimeLine";
import { say } from "../ui/words";
import { live, type Act } from "./acts";
import type { Bill, BillStep, StepsView } from "./api.gen";
import { whatOf } from "./Bills";
import { b, stepWords } from "./billwords";
import { call } from "./call";
import { back, go } from "./nav";
import { ReceiptCard } from "./Receipt";
import { bills, note, older } from "./state";
import { Sorry, trouble, type Trouble } from "./trouble";
import { w } from "./words";

// provable are what there are receipts and reports of.
export const provable = (subject: string): boolean => /^(order|refund|transfer|packet)\/\d+$/.test(subject);

// known is a bill that this device has seen.
const known = (entry: string): Bill | undefined => [...bills.value, ...older.value].find((x) => x.entry === entry);

// find asks for the bill of an entry; undefined is a bill of nobody's here.
async function find(entry: string): Promise<Bill | undefined> {
	if (!/^\d{1,19}$/.test(entry)) return undefined;
	const page = await call("ListBills", { before: String(BigInt(entry) + 1n), limit: 1 });
	return page.bills.find((x) => x.entry === entry);
}

// BillPage is one bill with what is known of it: from this device at once, from the
// platform as it comes.
export function BillPage({ entry }: { entry: string }) {
	const found = useSignal<Bill | null | undefined>(known(entry));
	const failed = useSignal<Trouble | undefined>(undefined);
	const look = async () => {
		failed.value = undefined;
		if (found.value) return;
		try {
			found.value = (await find(entry)) ?? null;
			if (found.value) older.value = [...older.value, found.value];
		} catch (e) {
			note(e);
			failed.value = trouble(e);
		}
	};
	useEffect(() => void look(), [entry]);
	if (found.value) return <Known bill={found.value} />;
	return (
		<Screen title={say(w.detail)} onBack={back}>
			{failed.value ? (
				<Sorry trouble={failed.value} title={w.billGone} again={() => void look()} />
			) : found.value === undefined ? (
				<Skeleton />
			) : (
				<Verdict tone="info" title={say(w.billGone)}>
					<Button onPress={() => go("/bills", true)}>{say(w.allBills)}</Button>
				</Verdict>
			)}
		</Screen>
	);
}

// told reads what the platform says of a bill; null is nothing, for now.
function useTold(subject: string) {
	const told = useSignal<StepsView | null | undefined>(undefined);
	useEffect(() => {
		if (!provable(subject)) {
			told.value = null;
			return;
		}
		call("ShowSteps", { subject }).then(
			(v) => (told.value = v),
			(e: unknown) => {
				note(e);
				told.value = null;
			},
		);
	}, [subject]);
	return told;
}

function Known({ bill }: { bill: Bill }) {
	const told = useTold(bill.subject);
	const a = live.value.find((x) => x.answer?.entry === bill.entry);
	const v = told.value;
	const report = () => go(`/report/${encodeURIComponent(bill.subject)}`);
	return (
		<Screen title={say(w.detail)} onBack={back} wide>
			<div class="cols">
				<div class="stack">
					<section class="ask">
						<p class="small">{bill.who ? <bdi>{bill.who}</bdi> : whatOf(bill)}</p>
						<Amount fen={bill.amount} size="display" flow />
					</section>
					<section class="card stack tight">
						<h2>{say(b.steps)}</h2>
						{v === undefined ? <Skeleton lines={2} /> : <TimeLine steps={v ? merged(v, bill, a) : stepsOf(bill, a)} />}
						{v === null && provable(bill.subject) && <p class="small">{say(b.unread)}</p>}
					</section>
				</div>
				<div class="stack">
					<About bill={bill} act={a} told={v ?? undefined} />
					{provable(bill.subject) && (
						<>
							<ReceiptCard subject={bill.subject} onFalse={report} />
							<Button kind="quiet" id="wrong" icon="warn" onPress={report}>
								{say(b.wrong)}
							</Button>
						</>
					)}
				</div>
			</div>
		</Screen>
	);
}

function About({ bill, act: a, told: v }: { bill: Bill; act: Act | undefined; told: StepsView | undefined }) {
	const [kind, id = ""] = bill.subject.split("/");
	const what = v?.description || (a && a.kind === "Pay" ? a.what : "");
	const number = v?.transactionId || String(a?.answer?.transactionId ?? "");
	return (
		<>
			<div class="card">
				<Facts>
					{what && <Fact name={say(w.what)}>{what}</Fact>}
					{v?.merchant && <Fact name={say(b.shop)}>{v.merchant}</Fact>}
					{a && a.kind !== "Pay" && a.what && <Fact name={say(w.note)}>{a.what}</Fact>}
					<Fact name={say(w.at)}>{moment(bill.at)}</Fact>
					{v !== undefined && v.refunded > 0 && <Fact name={say(b.refunded)}>{say(w.usedOf(yuan(v.refunded), yuan(v.total)))}</Fact>}
				</Facts>
				{number && <Copyable label={say(w.number)} value={number} />}
				{v?.outTradeNo && <Copyable label={say(w.shopNumber)} value={v.outTradeNo} />}
				<details>
					<summary>{say(b.trail)}</summary>
					<Copyable label={say(w.subject)} value={bill.subject} />
					<Copyable label={say(w.entry)} value={bill.entry} />
					{v?.steps
						.filter((s) => s.entry !== "0" && s.entry !== bill.entry)
						.map((s) => (
							<Copyable label={say(stepWords[s.what] ?? b.steps)} value={s.entry} />
						))}
				</details>
			</div>
			{kind === "shop" && (
				<Rows>
					<Row icon="store" title={say(w.shop)} href={`/shops/${id}`} />
				</Rows>
			)}
			{kind === "transfer" && (
				<Rows>
					<Row icon="transfer" title={say(w.transfer)} href={`/transfer/${id}`} />
				</Rows>
			)}
		</>
	);
}

// stepsOf is what this device knows of how a bill came about.
export function stepsOf(bill: Bill, a: Act | undefined): Step[] {
	const steps: Step[] = [];
	if (a) steps.push({ what: say(w.agreed), at: a.begun, state: "done" });
	steps.push({ what: whatOf(bill), at: bill.at, state: "done" });
	return steps;
}

// merged are the platform's steps, with the press of the button that this device knows of.
export function merged(v: StepsView, bill: Bill, a: Act | undefined): Step[] {
	const steps = v.steps.map((s) => stepOf(s, bill));
	const agreed = v.steps.findIndex((s) => s.entry === bill.entry);
	if (a && agreed >= 0) steps.splice(agreed, 0, { what: say(w.agreed), at: Math.min(a.begun, bill.at), state: "done" });
	return steps;
}

const states: Record<string, Step["state"]> = { telling_shop: "now", shop_not_told: "failed" };

function stepOf(s: BillStep, bill: Bill): Step {
	const notes = [
		s.amount > 0 && s.amount !== Math.abs(bill.amount) ? yuan(s.amount) : "",
		s.what === "telling_shop" && s.tries > 0 ? `${say(b.triesOf(s.tries))} · ${say(w.nextTry(clock(s.at)))}` : "",
	].filter(Boolean);
	return {
		what: say(stepWords[s.what] ?? { zh: s.what, en: s.what }),
		state: states[s.what] ?? "done",
		...(s.what === "telling_shop" ? {} : { at: s.at }),
		...(notes.length > 0 ? { note: notes.join(" · ") } : {}),
	};
}
