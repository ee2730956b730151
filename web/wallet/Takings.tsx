import { useSignal } from "@preact/signals";
import { AmountPad, amountOf, plain } from "../ui/AmountPad";
import { Button } from "../ui/Button";
import { yuan } from "../ui/money";
import { Screen } from "../ui/Screen";
import { Skeleton, Who } from "../ui/State";
import { say } from "../ui/words";
import { begin } from "./acts";
import { newID } from "../wire/begun";
import type { ShopView } from "./api.gen";
import { call } from "./call";
import { back, go } from "./nav";
import { told, useShown } from "./Shops";
import { s } from "./shopwords";
import { Sorry, trouble, type Trouble } from "./trouble";
import { w } from "./words";

// Takings moves what a shop took to its owner's balance.
export function Takings({ id }: { id: string }) {
	const { shown, failed, look } = useShown(() => call("ShowShop", { shop: id }), told);
	if (shown.value) return <HowMuch shop={shown.value} />;
	return (
		<Screen title={say(s.howMuch)} onBack={back}>
			{failed.value ? <Sorry trouble={failed.value} title={s.noShop} retry={() => void look()} /> : <Skeleton />}
		</Screen>
	);
}

// HowMuch asks for the amount; the button that is pressed names it. No PIN is asked for:
// the money goes to nobody else.
function HowMuch({ shop: x }: { shop: ShopView }) {
	const typed = useSignal("");
	const id = useSignal(newID());
	const busy = useSignal(false);
	const failed = useSignal<Trouble | undefined>(undefined);
	const fen = amountOf(typed.value);
	const over = fen > x.takings;
	const dead = fen <= 0 || over;
	const send = async () => {
		if (dead || busy.value) return;
		busy.value = true;
		try {
			await begin({ id: id.value, kind: "TakeTakings", amount: fen, who: x.name, what: "", request: { shop: x.shop, amount: fen, clientId: id.value } });
			go(`/act/${id.value}`, true);
		} catch (e) {
			failed.value = trouble(e);
			busy.value = false;
		}
	};
	return (
		<Screen
			title={say(s.howMuch)}
			onBack={back}
			foot={
				<Button kind="primary" id="move" busy={busy.value} disabled={dead} onPress={() => void send()}>
					{say(fen > 0 ? s.move(yuan(fen)) : s.take)}
				</Button>
			}
		>
			<Who name={x.name} shop note={say(s.inShop(yuan(x.takings)))} />
			<AmountPad shown={typed} label={say(s.howMuch)} onEnter={() => void send()} />
			{x.takings > 0 && (
				<Button kind="quiet" id="all" onPress={() => (typed.value = plain(x.takings))}>
					{say(s.all(yuan(x.takings)))}
				</Button>
			)}
			{over ? (
				<p class="said wrong center" role="alert">
					{say(s.tooMuch(yuan(x.takings)))}
				</p>
			) : (
				<p class="small center">{say(s.refunds)}</p>
			)}
			{failed.value && <Sorry trouble={failed.value} title={w.notDone} />}
		</Screen>
	);
}
