import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { AmountPad, amountOf } from "../ui/AmountPad";
import { Button } from "../ui/Button";
import { yuan } from "../ui/money";
import { Screen } from "../ui/Screen";
import { Verdict, Who } from "../ui/State";
import { say } from "../ui/words";
import { begin } from "./acts";
import { newID } from "../wire/begun";
import type { Payable } from "./api.gen";
import { call } from "./call";
import { back, go } from "./nav";
import { AskPin } from "./Pin";
import { guarded, note, refresh, wallet } from "./state";
import { sentence, trouble, type Trouble } from "./trouble";
import { Unready } from "./Unready";
import { w } from "./words";

// printed is what a till's printed code says, under whatever address it was printed.
export const printed = (token: string): string => `/c/${token}`;

// Printed pays by a till's printed code, or has cash handed out there: the person types
// the amount. The act's id is made with the page, so that a double tap is one payment.
export function Printed({ token }: { token: string }) {
	const code = printed(token);
	const asked = useSignal<Payable | undefined>(undefined);
	const failed = useSignal<Trouble | undefined>(undefined);
	const cash = useSignal(false);
	const typed = useSignal("");
	const pin = useSignal(false);
	const busy = useSignal(false);
	const id = useSignal(newID());
	const look = async () => {
		failed.value = undefined;
		try {
			asked.value = await call("ShowPayable", { code });
		} catch (e) {
			note(e);
			failed.value = trouble(e);
		}
	};
	useEffect(() => {
		void look();
		void refresh();
	}, [token]);

	const p = asked.value;
	const fen = amountOf(typed.value);
	const wish = { code, amount: fen, clientId: id.value };
	const send = async (grant?: string) => {
		if (!p || busy.value) return;
		busy.value = true;
		pin.value = false;
		try {
			await begin({
				id: id.value, kind: cash.value ? "WithdrawCash" : "Pay", amount: fen, who: p.merchant, what: p.description,
				request: { ...wish, ...(grant ? { grant } : {}) },
			});
			go(`/act/${id.value}`, true);
		} catch (e) {
			failed.value = trouble(e);
			busy.value = false;
		}
	};
	if (failed.value || !p) return <Unready failed={failed.value} retry={() => void look()} />;
	if (p.state !== "ok") {
		return (
			<Screen title={say(w.confirmPay)} onBack={back} foot={<Button onPress={() => go("/", true)}>{say(w.home)}</Button>}>
				<Verdict tone="bad" title={say(w.cannotPay)} text={sentence(p.state, say(w.nothingCharged))} code={p.state}>
					<Who name={p.merchant} shop note={p.description} />
				</Verdict>
			</Screen>
		);
	}
	const known = wallet.value;
	const low = known !== undefined && known.balance < fen;
	const over = fen > p.most && !cash.value;
	const asks = known !== undefined && fen > known.freeLimit;
	const unset = asks && !guarded.value;
	const label = (cash.value ? w.takeCash : w.pay)(yuan(fen));
	const press = () => {
		if (fen === 0 || low || over) return;
		if (unset) go("/settings/pin");
		else if (asks) pin.value = true;
		else void send();
	};
	return (
		<Screen
			title={say(cash.value ? w.cashHere : w.confirmPay)}
			onBack={back}
			foot={
				<Button kind="primary" id="pay" busy={busy.value} disabled={fen === 0 || low || over} onPress={press}>
					{say(unset ? w.setPin : fen > 0 ? label : cash.value ? w.cashHere : w.payHere)}
				</Button>
			}
		>
			{p.paysCash && (
				<div class="tabs" role="group">
					<button type="button" aria-pressed={!cash.value} onClick={() => (cash.value = false)}>
						{say(w.payHere)}
					</button>
					<button type="button" aria-pressed={cash.value} onClick={() => (cash.value = true)}>
						{say(w.cashHere)}
					</button>
				</div>
			)}
			<section class="ask">
				<p class="small">{say(cash.value ? w.cashFrom : w.payTo)}</p>
				<Who name={p.merchant} shop note={p.description} />
				<p class="small">{known ? say(w.fromBalance(yuan(known.balance))) : say(w.balance)}</p>
			</section>
			<AmountPad key={String(cash.value)} shown={typed} onEnter={press} />
			{(low || over) && (
				<p class="said wrong" role="alert">
					{low ? sentence("balance_too_low", "") : say(w.mostHere(yuan(p.most)))}
				</p>
			)}
			<AskPin open={pin.value} label={say(w.enterPinTo(yuan(fen), p.merchant))} about={() => (cash.value ? { withdrawCash: wish } : { pay: wish })} onClose={() => (pin.value = false)} onGrant={(g) => void send(g)} />
		</Screen>
	);
}
