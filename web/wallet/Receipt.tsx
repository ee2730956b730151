import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Amount } from "../ui/Amount";
import { Button } from "../ui/Button";
import { Copyable, Fact, Facts, Verdict } from "../ui/State";
import { day } from "../ui/time";
import { say, together } from "../ui/words";
import type { Receipt } from "./api.gen";
import { b, faults } from "./billwords";
import { busy, call } from "./call";
import { save } from "./file";
import { note } from "./state";
import { file, False, verify, type Proven, type Why } from "./verify";
import { get, update } from "./store";
import { Sorry, trouble, type Trouble } from "./trouble";
import { w } from "./words";

// Pinned is the journal's key as this device saw it first.
interface Pinned {
	key: string;
	since: number;
}

const served = (): string => document.querySelector<HTMLMetaElement>('meta[name="holdfast-journal"]')?.content ?? "";

// pin holds the key that came with the page, the first time; later pages must bring the
// same one.
const pin = (): Promise<Pinned> => update<Pinned>("journal", (old) => old ?? { key: served(), since: Date.now() });

type State = { is: "idle" } | { is: "checking" } | { is: "proven"; proven: Proven } | { is: "false"; why: Why } | { is: "later" } | { is: "failed"; trouble: Trouble };

// ReceiptCard fetches a receipt and checks it here, with the key that this device holds.
export function ReceiptCard({ subject, onFalse }: { subject: string; onFalse: () => void }) {
	const state = useSignal<State>({ is: "idle" });
	const receipt = useSignal<Receipt | undefined>(undefined);
	const pinned = useSignal<Pinned | undefined>(undefined);
	useEffect(() => {
		void get<Pinned>("journal").then((p) => (pinned.value = p));
	}, []);
	const check = async () => {
		state.value = { is: "checking" };
		try {
			pinned.value = await pin();
			receipt.value = await call("ShowReceipt", { subject });
			state.value = { is: "proven", proven: await verify(receipt.value, pinned.value.key) };
		} catch (e) {
			note(e);
			if (e instanceof False) state.value = { is: "false", why: e.why };
			else if (busy(e)) state.value = { is: "later" };
			else state.value = { is: "failed", trouble: trouble(e) };
		}
	};
	const r = receipt.value;
	return (
		<section class="card stack tight receipt">
			<h2>{say(b.receipt)}</h2>
			<Outcome state={state.value} again={() => void check()} onFalse={onFalse} />
			{pinned.value && pinned.value.key !== served() && <Verdict tone="bad" title={say(b.keyChanged)} text={say(b.keyChangedText)} />}
			{(state.value.is === "idle" || state.value.is === "checking") && (
				<Button id="verify" icon="check" busy={state.value.is === "checking"} onPress={() => void check()}>
					{say(state.value.is === "checking" ? b.checking : b.verify)}
				</Button>
			)}
			{r && state.value.is !== "checking" && (
				<>
					<Button kind="quiet" onPress={() => save(`receipt-${r.leafIndex}.json`, "application/json", file(r))}>
						{say(b.keep)}
					</Button>
					{pinned.value && (
						<details>
							<summary>{say(b.key)}</summary>
							<p class="small">{say(b.keyText(day(pinned.value.since)))}</p>
							<Copyable label={say(b.key)} value={pinned.value.key} />
						</details>
					)}
				</>
			)}
		</section>
	);
}

function Outcome({ state: s, again, onFalse }: { state: State; again: () => void; onFalse: () => void }) {
	switch (s.is) {
		case "idle":
		case "checking":
			return <p class="small">{say(b.receiptText)}</p>;
		case "proven":
			return <Holds proven={s.proven} />;
		case "later":
			return (
				<Verdict tone="wait" title={say(b.noReceipt)} text={say(b.noReceiptText)}>
					<Button icon="again" onPress={again}>{say(w.again)}</Button>
				</Verdict>
			);
		case "failed":
			return <Sorry trouble={s.trouble} title={b.noReceipt} again={again} />;
		case "false":
			if (s.why === "browser") return <Verdict tone="info" title={say(b.noCheck)} text={say(b.noCheckText)} />;
			return (
				<Verdict tone="bad" title={say(b.isFalse)} text={together(say(faults[s.why] ?? b.isFalse), say(b.falseText))} code={`receipt: ${s.why}`}>
					<Button onPress={onFalse}>{say(b.report)}</Button>
				</Verdict>
			);
	}
}

function Holds({ proven: p }: { proven: Proven }) {
	return (
		<>
			<Verdict tone="good" title={say(b.proven)} text={say(b.provenText(String(p.entry.seq), String(p.size)))} />
			<Facts>
				<Fact name={say(b.booked)}>{p.entry.entity}</Fact>
				{p.entry.postings.map((x) => (
					<Fact name={`${x.debit} → ${x.credit}`}>
						<Amount fen={Number(x.amount)} />
					</Fact>
				))}
			</Facts>
		</>
	);
}
