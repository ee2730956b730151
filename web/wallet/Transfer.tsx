import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Amount } from "../ui/Amount";
import { AmountPad, amountOf } from "../ui/AmountPad";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { yuan } from "../ui/money";
import { Screen } from "../ui/Screen";
import { Countdown, Fact, Facts, Skeleton, Verdict, Who, type Tone } from "../ui/State";
import { moment } from "../ui/time";
import { say, told, type Text } from "../ui/words";
import { begin } from "./acts";
import { newID } from "../wire/begun";
import type { FindPayeeResponse, TransferView } from "./api.gen";
import { call } from "./call";
import { back, go } from "./nav";
import { AskPin } from "./Pin";
import { guarded, note, refresh, wallet } from "./state";
import { Sorry, trouble, type Trouble } from "./trouble";
import { w } from "./words";

const maxMemo = 60;

// Transfer finds who is to be paid, has the masked name confirmed, then asks how much.
export function Transfer({ code }: { code: string }) {
	const phone = useSignal("");
	const found = useSignal<FindPayeeResponse | undefined>(undefined);
	const sure = useSignal(false);
	const busy = useSignal(false);
	const wrong = useSignal<Text | undefined>(undefined);
	useEffect(() => {
		void refresh();
		if (code) void find();
	}, [code]);
	const find = async () => {
		busy.value = true;
		wrong.value = undefined;
		try {
			const f = await call("FindPayee", code && phone.value === "" ? { code } : { phone: phone.value });
			if (f.payee === "") wrong.value = w.nobody;
			else found.value = f;
		} catch (e) {
			note(e);
			wrong.value = trouble(e).text;
		} finally {
			busy.value = false;
		}
	};
	const f = found.value;
	if (f && sure.value) return <HowMuch payee={f.payee} name={f.name} asked={f.amount} onBack={() => (sure.value = false)} />;
	if (f) {
		return (
			<Screen
				title={say(w.transfer)}
				onBack={() => (found.value = undefined)}
				foot={
					<>
						<Button kind="primary" id="sure" onPress={() => (sure.value = true)}>
							{say(w.next)}
						</Button>
						<Button kind="quiet" onPress={() => (found.value = undefined)}>
							{say(w.someoneElse)}
						</Button>
					</>
				}
			>
				<div class="ask">
					<Who name={f.name} note={phone.value} />
					<p>{say(w.isIt([...f.name].pop() ?? ""))}</p>
				</div>
			</Screen>
		);
	}
	return (
		<Screen title={say(w.transfer)} onBack={back}>
			<form
				class="stack"
				onSubmit={(e) => {
					e.preventDefault();
					if (!busy.value) void find();
				}}
			>
				<Field label={say(w.whoTo)} value={phone} type="tel" inputMode="tel" name="phone" maxLength={20} error={told(wrong.value)} autofocus />
				<Button kind="primary" submit busy={busy.value} disabled={phone.value.trim() === ""} onPress={() => {}}>
					{say(w.find)}
				</Button>
			</form>
		</Screen>
	);
}

function HowMuch({ payee, name, asked, onBack }: { payee: string; name: string; asked: number; onBack: () => void }) {
	const shown = useSignal("");
	const memo = useSignal("");
	const accept = useSignal(false);
	const pin = useSignal(false);
	const busy = useSignal(false);
	const failed = useSignal<Trouble | undefined>(undefined);
	const id = useSignal(newID());
	const fen = asked > 0 ? asked : amountOf(shown.value); // a code may say how much, and then no other
	const v = wallet.value;
	const low = v !== undefined && fen > v.balance;
	const request = () => ({ payee, amount: fen, clientId: id.value, accept: accept.value, memo: memo.value });
	const send = async (grant?: string) => {
		busy.value = true;
		pin.value = false;
		try {
			await begin({
				id: id.value, kind: "Transfer", amount: fen, who: name, what: memo.value,
				request: { ...request(), ...(grant ? { grant } : {}) },
			});
			go(`/act/${id.value}`, true);
		} catch (e) {
			failed.value = trouble(e);
		} finally {
			busy.value = false;
		}
	};
	const press = () => {
		if (fen <= 0 || low || busy.value) return;
		if (v && guarded.value && fen > v.freeLimit) pin.value = true;
		else void send();
	};
	return (
		<Screen
			title={say(w.howMuch)}
			onBack={onBack}
			foot={
				<Button kind="primary" id="pay" busy={busy.value} disabled={fen <= 0 || low} onPress={press}>
					{fen > 0 ? say(w.send(yuan(fen))) : say(w.transfer)}
				</Button>
			}
		>
			<Who name={name} note={v ? say(w.fromBalance(yuan(v.balance))) : undefined} />
			{asked > 0 ? (
				<p class="center">
					<Amount fen={asked} size="display" />
				</p>
			) : (
				<AmountPad shown={shown} label={say(w.howMuch)} onEnter={press} />
			)}
			{low && v && (
				<p class="said wrong" role="alert">
					{say(w.tooMuch(yuan(v.balance)))}
				</p>
			)}
			{failed.value && <Sorry trouble={failed.value} title={w.notSent} />}
			<Field label={say(w.memo)} value={memo} maxLength={maxMemo} name="memo" />
			<label class="check">
				<input type="checkbox" checked={accept.value} onChange={(e) => (accept.value = e.currentTarget.checked)} />
				<span>{say(w.mustAccept)}</span>
			</label>
			<AskPin open={pin.value} label={say(w.enterPinTo(yuan(fen), name))} about={() => ({ transfer: request() })} onClose={() => (pin.value = false)} onGrant={(g) => void send(g)} />
		</Screen>
	);
}

const tones: Record<string, Tone> = { waiting: "wait", done: "good", declined: "info", expired: "info" };

// TransferPage is one transfer, for its payer and its payee, who may still answer it.
export function TransferPage({ id }: { id: string }) {
	const t = useSignal<TransferView | undefined>(undefined);
	const failed = useSignal<Trouble | undefined>(undefined);
	const busy = useSignal(false);
	const look = async () => {
		failed.value = undefined;
		try {
			t.value = await call("ShowTransfer", { transfer: id });
		} catch (e) {
			note(e);
			failed.value = trouble(e);
		}
	};
	useEffect(() => void look(), [id]);
	const v = t.value;
	if (failed.value) {
		return (
			<Screen title={say(w.transfer)} onBack={back}>
				<Sorry trouble={failed.value} title={w.transfer} again={() => void look()} />
			</Screen>
		);
	}
	if (!v) {
		return (
			<Screen title={say(w.transfer)} onBack={back}>
				<Skeleton />
			</Screen>
		);
	}
	const answer = async (yes: boolean) => {
		busy.value = true;
		const act = `answer-${id}`;
		await begin({ id: act, kind: "AnswerTransfer", amount: v.amount, who: v.who, what: v.memo, request: { transfer: id, accept: yes } });
		go(`/act/${act}`, true);
	};
	const waits = v.state === "waiting" && !v.mine;
	const words: Record<string, { zh: string; en: string }> = { waiting: v.mine ? w.waitingFor : w.receiveQ, done: v.mine ? w.sent : w.answered, declined: w.declined, expired: w.declined };
	return (
		<Screen
			title={say(w.transfer)}
			onBack={back}
			foot={
				waits ? (
					<>
						<Button kind="primary" busy={busy.value} onPress={() => void answer(true)}>
							{say(w.accept(yuan(v.amount)))}
						</Button>
						<Button disabled={busy.value} onPress={() => void answer(false)}>
							{say(w.decline)}
						</Button>
					</>
				) : undefined
			}
		>
			<Verdict tone={tones[v.state] ?? "info"} icon={waits ? "receive" : (tones[v.state] ?? "info") === "wait" ? "clock" : "check"} title={say(words[v.state] ?? w.transfer)}>
				<Amount fen={v.amount} size="display" />
			</Verdict>
			<div class="card">
				<Facts>
					<Fact name={say(v.mine ? w.to : w.from)}>{v.who}</Fact>
					{v.memo && <Fact name={say(w.note)}>{v.memo}</Fact>}
					<Fact name={say(w.at)}>{moment(v.createdAt)}</Fact>
				</Facts>
			</div>
			{v.until > 0 && (
				<p class="small center">
					<Countdown until={v.until} onOver={() => void look()} words={w.comesBack} />
				</p>
			)}
		</Screen>
	);
}
