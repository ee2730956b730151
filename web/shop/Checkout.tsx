import { useSignal } from "@preact/signals";
import { Amount } from "../ui/Amount";
import { Button } from "../ui/Button";
import { yuan } from "../ui/money";
import { Screen } from "../ui/Screen";
import { Fact, Facts, Verdict } from "../ui/State";
import { say, type Text } from "../ui/words";
import { Failed, leadOn, place, type Shelf, type Way } from "./api";
import { cart, due, empty, known, pieces } from "./cart";
import { go } from "./nav";
import { s } from "./words";

// narrow is a phone, on which nobody scans their own screen.
const narrow = (): boolean => matchMedia("(max-width: 40rem)").matches;

// Checkout says what it comes to, and asks how it is to be paid.
export function Checkout({ shelf }: { shelf: Shelf }) {
	const payers = shelf.payers ?? [];
	const way = useSignal<Way>(narrow() ? "h5" : "native");
	const openid = useSignal(payers[0]?.openid ?? "");
	const busy = useSignal(false);
	const said = useSignal<Text | undefined>(undefined);
	const c = known(cart.value, shelf.goods);
	const total = due(c, shelf.goods);
	const order = async () => {
		busy.value = true;
		said.value = undefined;
		try {
			const o = await place(c, way.value, way.value === "jsapi" ? openid.value : "");
			empty();
			// The back button leads from the payment to the order, which says how it ended.
			go(`/order/${o.out_trade_no}`, true);
			leadOn(o, shelf.platform);
		} catch (e) {
			said.value = e instanceof Failed ? s.notOrdered : s.away;
			busy.value = false;
		}
	};
	if (pieces(c) === 0) {
		return (
			<Screen title={say(s.checkoutTitle)} onBack={() => go("/")}>
				<Verdict tone="info" icon="store" title={say(s.empty)}>
					<Button onPress={() => go("/", true)}>{say(s.toGoods)}</Button>
				</Verdict>
			</Screen>
		);
	}
	const choice = (name: Way, title: Text, text: Text) => (
		<label class="choice">
			<input type="radio" name="way" value={name} checked={way.value === name} onChange={() => (way.value = name)} />
			<span class="what">
				<span class="title">{say(title)}</span>
				<span class="note">{say(text)}</span>
			</span>
		</label>
	);
	return (
		<Screen
			title={say(s.checkoutTitle)}
			onBack={() => go("/")}
			foot={
				<Button kind="primary" id="order" busy={busy.value} onPress={() => void order()}>
					{say(busy.value ? s.ordering : s.order(yuan(total)))}
				</Button>
			}
		>
			<div class="card">
				<Facts>
					{shelf.goods
						.filter((g) => c[g.id])
						.map((g) => (
							<Fact key={g.id} name={`${say(g)} ×${c[g.id]}`}>
								{yuan(g.price * (c[g.id] ?? 0))}
							</Fact>
						))}
				</Facts>
				<p class="sum">
					{say(s.total)} <Amount fen={total} size="title" />
				</p>
			</div>
			<fieldset class="ways">
				<legend>{say(s.how)}</legend>
				{choice("native", s.native, s.nativeText)}
				{choice("h5", s.h5, s.h5Text)}
				{payers.length > 0 && choice("jsapi", s.jsapi, s.jsapiText)}
			</fieldset>
			{way.value === "jsapi" && (
				<fieldset class="ways">
					<legend>{say(s.asWhom)}</legend>
					{payers.map((p) => (
						<label class="choice" key={p.openid}>
							<input type="radio" name="payer" checked={openid.value === p.openid} onChange={() => (openid.value = p.openid)} />
							<span class="what">
								<bdi>{p.name}</bdi>
							</span>
						</label>
					))}
				</fieldset>
			)}
			{said.value && (
				<p class="said wrong" role="alert">
					{say(said.value)}
				</p>
			)}
		</Screen>
	);
}
