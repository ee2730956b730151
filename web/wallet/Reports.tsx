import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Amount } from "../ui/Amount";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import type { IconName } from "../ui/Icon";
import { Row, Rows } from "../ui/List";
import { Screen } from "../ui/Screen";
import { Fact, Facts, Skeleton, Verdict, type Tone } from "../ui/State";
import { brief, day, moment } from "../ui/time";
import { TimeLine, type Step } from "../ui/TimeLine";
import { say, type Text } from "../ui/words";
import { newID } from "../wire/begun";
import type { ReportView } from "./api.gen";
import { b, troubles } from "./billwords";
import { lineOf, whatOf } from "./Bills";
import { call } from "./call";
import { back, go } from "./nav";
import { bills, note, older } from "./state";
import { Sorry, trouble, type Trouble } from "./trouble";
import { w } from "./words";

const maxWords = 500;

const billOf = (subject: string) => [...bills.value, ...older.value].find((x) => x.subject === subject);

const icons: Record<string, IconName> = { not_me: "lock", refund_missing: "again" };

// likely orders troubles by what fits the bill: nobody is asked whether a refund came of
// money that came.
function likely(subject: string): string[] {
	const all = Object.keys(troubles);
	if (subject.startsWith("refund/")) return ["refund_missing", "wrong_amount", "other"];
	if (subject.startsWith("order/")) return all;
	return all.filter((t) => t !== "refund_missing");
}

// NewReport says what went wrong with one tap. Each trouble has its own identity, so that
// a second tap, and one after a lost answer, is the same report.
export function NewReport({ subject }: { subject: string }) {
	const words = useSignal("");
	const id = useSignal(newID());
	const sending = useSignal("");
	const failed = useSignal<Trouble | undefined>(undefined);
	const about = billOf(subject);
	const send = async (what: string) => {
		if (sending.value) return;
		sending.value = what;
		failed.value = undefined;
		try {
			const r = await call("ReportProblem", { subject, trouble: what, words: words.value.trim(), clientId: `${id.value}-${what}` });
			go(`/reports/${r.report}`, true);
		} catch (e) {
			note(e);
			failed.value = trouble(e);
		} finally {
			sending.value = "";
		}
	};
	return (
		<Screen title={say(b.report)} onBack={back}>
			{about && (
				<section class="ask">
					<p class="small">{about.who ? <bdi>{about.who}</bdi> : whatOf(about)}</p>
					<Amount fen={about.amount} size="title" flow />
					<p class="small">{moment(about.at)}</p>
				</section>
			)}
			<section class="stack tight">
				<h2>{say(b.whatWrong)}</h2>
				<p class="small">{say(b.whatWrongText)}</p>
				{failed.value && <Sorry trouble={failed.value} title={b.notSent} />}
				<Rows>
					{likely(subject).map((t) => (
						<Row icon={icons[t] ?? "warn"} title={say(troubles[t] as Text)} onPress={() => void send(t)} value={sending.value === t ? <span class="spinner" /> : undefined} />
					))}
				</Rows>
			</section>
			<Field label={say(b.sayMore)} value={words} name="words" maxLength={maxWords} />
		</Screen>
	);
}

const tones: Record<string, Tone> = { open: "wait", late: "bad", answered: "good", closed: "info" };
const words: Record<string, Text> = { open: b.waits, late: b.isLate, answered: b.answered, closed: b.closed };

// Reports lists the person's own.
export function Reports() {
	const list = useSignal<ReportView[] | undefined>(undefined);
	const next = useSignal("0");
	const failed = useSignal<Trouble | undefined>(undefined);
	const load = async (before: string) => {
		failed.value = undefined;
		try {
			const page = await call("ListReports", before === "0" ? {} : { before });
			list.value = [...(before === "0" ? [] : (list.value ?? [])), ...page.reports];
			next.value = page.next;
		} catch (e) {
			note(e);
			failed.value = trouble(e);
		}
	};
	useEffect(() => void load("0"), []);
	return (
		<Screen title={say(b.reports)} onBack={back}>
			{failed.value ? (
				<Sorry trouble={failed.value} title={w.noAnswer} again={() => void load("0")} />
			) : list.value === undefined ? (
				<Skeleton />
			) : list.value.length === 0 ? (
				<Verdict tone="info" icon="check" title={say(b.none)} text={say(b.noneText)} />
			) : (
				<Rows>
					{list.value.map((r) => (
						<Row icon="warn" title={say(troubles[r.trouble] ?? b.report)} note={`${r.merchant ? r.merchant + " · " : ""}${day(r.createdAt)}`} href={`/reports/${r.report}`} value={say(words[r.state] ?? b.waits)} />
					))}
				</Rows>
			)}
			{next.value !== "0" && (
				<Button kind="quiet" onPress={() => void load(next.value)}>
					{say(w.older)}
				</Button>
			)}
		</Screen>
	);
}

// said is when an answer is promised, or what came of the promise.
function said(r: ReportView): string {
	switch (r.state) {
		case "open":
			return say(b.promised(moment(r.promisedAt)));
		case "late":
			return say(b.late(moment(r.promisedAt)));
		case "answered":
			return r.answer || say(b.noWords);
		default:
			return r.answer;
	}
}

// storyOf is a report's life.
function storyOf(r: ReportView): Step[] {
	const steps: Step[] = [{ what: say(b.reported), at: r.createdAt, state: "done", note: say(b.evidence) }];
	if (r.answeredAt) steps.push({ what: say(b.answered), at: r.answeredAt, state: "done" });
	else if (!r.closedAt) steps.push({ what: say(r.state === "late" ? b.isLate : b.waits), at: r.promisedAt, state: r.state === "late" ? "failed" : "next" });
	if (r.closedAt) steps.push({ what: say(b.closed), at: r.closedAt, state: "done" });
	return steps;
}

// ReportPage is one report, its promise and its answer.
export function ReportPage({ id }: { id: string }) {
	const report = useSignal<ReportView | undefined>(undefined);
	const failed = useSignal<Trouble | undefined>(undefined);
	const closing = useSignal(false);
	const ask = async (f: () => Promise<ReportView>) => {
		failed.value = undefined;
		try {
			report.value = await f();
		} catch (e) {
			note(e);
			failed.value = trouble(e);
		}
	};
	const look = () => ask(() => call("ShowReport", { report: id }));
	const close = async () => {
		closing.value = true;
		await ask(() => call("CloseReport", { report: id }));
		closing.value = false;
	};
	useEffect(() => void look(), [id]);
	const r = report.value;
	if (!r) {
		return (
			<Screen title={say(b.oneReport)} onBack={back}>
				{failed.value ? <Sorry trouble={failed.value} title={b.noReport} again={() => void look()} /> : <Skeleton />}
			</Screen>
		);
	}
	const about = billOf(r.subject);
	return (
		<Screen
			title={say(b.oneReport)}
			onBack={back}
			foot={
				r.state === "closed" ? undefined : (
					<Button kind={r.state === "answered" ? "plain" : "quiet"} id="close-report" busy={closing.value} onPress={() => void close()}>
						{say(r.state === "answered" ? b.content : b.withdraw)}
					</Button>
				)
			}
		>
			<Verdict tone={tones[r.state] ?? "info"} {...(r.state === "open" ? { icon: "clock" as const } : {})} title={say(r.state === "open" ? b.reported : (words[r.state] ?? b.waits))} text={said(r)} />
			{failed.value && <Sorry trouble={failed.value} title={w.notDone} />}
			<section class="card">
				<TimeLine steps={storyOf(r)} />
			</section>
			<section class="card">
				<Facts>
					<Fact name={say(b.problem)}>{say(troubles[r.trouble] ?? b.report)}</Fact>
					{r.merchant && <Fact name={say(b.shop)}>{r.merchant}</Fact>}
					{r.words && <Fact name={say(b.yours)}>{r.words}</Fact>}
				</Facts>
			</section>
			{about && (
				<Rows>
					<Row icon={lineOf(about).icon} title={lineOf(about).title} note={brief(about.at)} href={`/bill/${about.entry}`} value={<Amount fen={about.amount} flow />} />
				</Rows>
			)}
		</Screen>
	);
}
