import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Amount } from "../ui/Amount";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { parse, yuan } from "../ui/money";
import { Screen } from "../ui/Screen";
import { Sheet } from "../ui/Sheet";
import { Countdown, Skeleton, Verdict, Who } from "../ui/State";
import { say } from "../ui/words";
import { begin } from "./acts";
import type { Asked, ReceiveCode } from "./api.gen";
import { call, Lost } from "./call";
import { lazy } from "./lazy";
import { back, go } from "./nav";
import { renew, show, type Shown } from "./paycode";
import { AskPin } from "./Pin";
import { asked, look, note, wallet } from "./state";
import { Sorry, trouble, type Trouble } from "./trouble";
import { w } from "./words";

const QR = lazy(() => import("../ui/Code").then((m) => m.QR));
const Bars = lazy(() => import("../ui/Code").then((m) => m.Bars));

// groups is a number as it is read out.
const groups = (code: string): string => code.replace(/(\d{4})(?=\d)/g, "$1 ");

// PayCode is what a till reads: Code 128 and QR at once, anew each half minute, also
// without a network.
export function PayCode() {
	const shown = useSignal<Shown | undefined>(undefined);
	const none = useSignal(false);
	const next = async () => {
		shown.value = await show();
		none.value = shown.value === undefined;
	};
	useEffect(() => {
		const start = async () => {
			try {
				await renew();
			} catch (e) {
				if (!note(e)) throw e;
			}
			await next();
		};
		void start();
	}, []);
	const code = shown.value;
	return (
		<Screen title={say(w.payCode)} onBack={back}>
			{code ? (
				<section class="card stack">
					<Bars text={code.code} label={say(w.payCode)} />
					<p class="center digits">{groups(code.code)}</p>
					<QR text={code.code} label={say(w.payCode)} />
					<p class="small center">
						<Countdown key={code.code} until={code.until} onOver={() => void next()} words={w.renews} />
					</p>
				</section>
			) : none.value ? (
				<Verdict tone="wait" title={say(w.noPayCode)} text={say(w.noPayCodeText)}>
					<Button icon="again" onPress={() => void next()}>
						{say(w.again)}
					</Button>
				</Verdict>
			) : (
				<Skeleton />
			)}
			<p class="small center">{say(w.payCodeText)}</p>
			{wallet.value && (
				<p class="small center">
					{say(w.fromBalance(yuan(wallet.value.balance)))} · {say(w.pinAbove(yuan(wallet.value.freeLimit)))}
				</p>
			)}
		</Screen>
	);
}

// named is how the platform names what is asked: an order, or cash that a till would hand out.
const named = (a: Asked) => (a.cash ? { cash: a.cash } : { order: a.order });
const key = (a: Asked): string => (a.cash ? `cash-${a.cash.till}-${a.cash.clientId}` : a.order);

// AskedFor asks for a payment, or cash, that a till began with this person's code.
export function AskedFor() {
	const pin = useSignal(false);
	const busy = useSignal(false);
	const failed = useSignal<Trouble | undefined>(undefined);
	const a = asked.value[0];
	const answer = async (one: Asked, pay: boolean, grant?: string) => {
		busy.value = true;
		pin.value = false;
		try {
			if (pay) {
				const id = `asked-${key(one)}`;
				await begin({ id, kind: "AnswerAsked", amount: one.total, who: one.merchant, what: one.description, request: { ...named(one), pay, ...(grant ? { grant } : {}) } });
				asked.value = asked.value.filter((x) => key(x) !== key(one));
				go(`/act/${id}`);
			} else {
				await call("AnswerAsked", { ...named(one), pay });
				await look();
			}
		} catch (e) {
			failed.value = trouble(e);
		} finally {
			busy.value = false;
		}
	};
	return (
		<Sheet open={a !== undefined} title={say(a?.cash ? w.askedForCash : w.askedFor)} onClose={() => (asked.value = [])}>
			{a && (
				<>
					<div class="ask">
						<Who name={a.merchant} shop note={a.description} />
						<Amount fen={a.total} size="display" />
						{a.until > 0 && (
							<p class="small">
								<Countdown until={a.until} onOver={() => void look()} words={w.closesItself} />
							</p>
						)}
					</div>
					{failed.value && <Sorry trouble={failed.value} title={w.notPaid} />}
					<Button kind="primary" busy={busy.value} onPress={() => (pin.value = true)}>
						{say(a.cash ? w.cashFor(yuan(a.total)) : w.pay(yuan(a.total)))}
					</Button>
					<Button id="dont-pay" disabled={busy.value} onPress={() => void answer(a, false)}>
						{say(w.dontPay)}
					</Button>
					<AskPin open={pin.value} label={say(w.enterPinTo(yuan(a.total), a.merchant))} about={() => ({ answerAsked: { ...named(a), pay: true } })} onClose={() => (pin.value = false)} onGrant={(g) => void answer(a, true, g)} />
				</>
			)}
		</Sheet>
	);
}

// Receive is what others scan to pay this person.
export function Receive() {
	const typed = useSignal("");
	const code = useSignal<ReceiveCode | undefined>(undefined);
	const failed = useSignal<Trouble | undefined>(undefined);
	const renewing = useSignal(false);
	const make = async (fresh = false) => {
		failed.value = undefined;
		try {
			code.value = await call("MakeReceiveCode", { amount: parse(typed.value) ?? 0, ...(fresh ? { fresh } : {}) });
		} catch (e) {
			if (!(e instanceof Lost)) note(e);
			failed.value = trouble(e);
		}
		renewing.value = false;
	};
	useEffect(() => void make(), []);
	const c = code.value;
	return (
		<Screen title={say(w.receive)} onBack={back}>
			{failed.value && <Sorry trouble={failed.value} title={w.noAnswer} again={() => void make()} />}
			{c ? (
				<section class="card stack">
					<QR text={c.code} label={say(w.receiveCode)} />
					{c.amount > 0 && (
						<p class="center">
							<Amount fen={c.amount} size="title" />
						</p>
					)}
					<p class="small center">{say(w.receiveText)}</p>
				</section>
			) : (
				!failed.value && <Skeleton />
			)}
			<form
				class="stack tight"
				onSubmit={(e) => {
					e.preventDefault();
					void make();
				}}
			>
				<Field label={say(w.receiveAmount)} value={typed} inputMode="decimal" name="amount" placeholder="0.00" />
				<Button submit onPress={() => {}}>
					{say(w.setAmount)}
				</Button>
			</form>
			<Button kind="quiet" onPress={() => (renewing.value = true)}>
				{say(w.freshCode)}
			</Button>
			<Sheet dialog open={renewing.value} title={say(w.freshCode)} onClose={() => (renewing.value = false)}>
				<p>{say(w.freshCodeText)}</p>
				<Button onPress={() => void make(true)}>{say(w.freshCode)}</Button>
				<Button kind="quiet" onPress={() => (renewing.value = false)}>
					{say(w.cancel)}
				</Button>
			</Sheet>
		</Screen>
	);
}
