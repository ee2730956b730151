import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Amount } from "../ui/Amount";
import { Button } from "../ui/Button";
import { yuan } from "../ui/money";
import { Screen } from "../ui/Screen";
import { Fact, Facts, Verdict, Who } from "../ui/State";
import { say } from "../ui/words";
import { begin, live } from "./acts";
import { newID } from "../wire/begun";
import type { Payable } from "./api.gen";
import { call } from "./call";
import { returnTo } from "./codes";
import { back, go, place } from "./nav";
import { AskPin } from "./Pin";
import { guarded, note, refresh, wallet } from "./state";
import { sentence, trouble, type Trouble } from "./trouble";
import { Unready } from "./Unready";
import { w } from "./words";

// Pay shows who asks for how much, and pays with one press. The act's id is made with
// the page, so that a double tap, the back button and a second tab are one payment.
export function Pay({ code }: { code: string }) {
	const asked = useSignal<Payable | undefined>(undefined);
	const failed = useSignal<Trouble | undefined>(undefined);
	const pin = useSignal(false);
	const busy = useSignal(false);
	const id = useSignal("");
	const look = async () => {
		failed.value = undefined;
		const before = live.value.find((a) => a.kind === "Pay" && a.request.code === code && a.state !== "refused");
		if (before) return go(`/act/${before.id}`, true);
		id.value = live.value.find((a) => a.kind === "Pay" && a.request.code === code)?.id ?? newID();
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
	}, [code]);
	// Another tab may have paid it meanwhile: this one shows what came of it.
	useEffect(() => {
		const other = live.value.find((a) => a.kind === "Pay" && a.request.code === code && a.state !== "refused" && a.id !== id.value);
		if (other) go(`/act/${other.id}`, true);
	}, [live.value]);

	const shop = returnTo(place.value.query.get("back"));
	const send = async (grant?: string) => {
		const p = asked.value;
		if (!p) return;
		busy.value = true;
		pin.value = false;
		try {
			await begin({
				id: id.value, kind: "Pay", amount: p.total, who: p.merchant, what: p.description,
				request: { code, clientId: id.value, ...(grant ? { grant } : {}) },
				...(shop ? { back: shop.url } : {}),
			});
			go(`/act/${id.value}`, true);
		} catch (e) {
			failed.value = trouble(e);
		} finally {
			busy.value = false;
		}
	};

	const p = asked.value;
	if (failed.value || !p) return <Unready failed={failed.value} retry={() => void look()} />;
	if (p.state !== "ok") {
		return (
			<Screen title={say(w.confirmPay)} onBack={back} foot={<Button onPress={() => go("/", true)}>{say(w.home)}</Button>}>
				<Verdict tone={p.state === "order_paid" ? "info" : "bad"} title={say(w.cannotPay)} text={sentence(p.state, say(w.nothingCharged))} code={p.state} />
				<About p={p} />
			</Screen>
		);
	}
	const low = wallet.value !== undefined && wallet.value.balance < p.total;
	const unset = p.needsPin && wallet.value !== undefined && !guarded.value;
	return (
		<Screen
			title={say(w.confirmPay)}
			onBack={back}
			foot={
				unset ? (
					<Button kind="primary" onPress={() => go("/settings/pin")}>
						{say(w.setPin)}
					</Button>
				) : (
					<Button kind="primary" id="pay" busy={busy.value} disabled={low} onPress={() => (p.needsPin ? (pin.value = true) : void send())}>
						{say(w.pay(yuan(p.total)))}
					</Button>
				)
			}
		>
			<section class="ask">
				<p class="small">{say(w.payTo)}</p>
				<Who name={p.merchant} shop />
				<Amount fen={p.total} size="display" />
			</section>
			<About p={p} />
			{low && (
				<p class="said wrong" role="alert">
					{sentence("balance_too_low", "")}
				</p>
			)}
			{unset && <p class="small">{sentence("pin_not_set", "")}</p>}
			<AskPin open={pin.value} label={say(w.enterPinTo(yuan(p.total), p.merchant))} about={() => ({ pay: { code, clientId: id.value } })} onClose={() => (pin.value = false)} onGrant={(g) => void send(g)} />
		</Screen>
	);
}

function About({ p }: { p: Payable }) {
	return (
		<div class="card">
			<Facts>
				{p.merchant && p.state !== "ok" && <Fact name={say(w.payTo)}>{p.merchant}</Fact>}
				{p.description && <Fact name={say(w.what)}>{p.description}</Fact>}
				{p.state === "ok" ? (
					<Fact name={say(w.source)}>{wallet.value ? say(w.fromBalance(yuan(wallet.value.balance))) : say(w.balance)}</Fact>
				) : p.total > 0 ? (
					<Fact name={say(w.amount)}>{yuan(p.total)}</Fact>
				) : null}
			</Facts>
		</div>
	);
}
