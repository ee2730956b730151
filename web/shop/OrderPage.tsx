import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Amount } from "../ui/Amount";
import { Button } from "../ui/Button";
import { QR } from "../ui/Code";
import { yuan } from "../ui/money";
import { Screen } from "../ui/Screen";
import { Banner, Copyable, Fact, Facts, Skeleton, Verdict } from "../ui/State";
import { zoned } from "../ui/time";
import { say } from "../ui/words";
import { again, ask, events, Failed, leadOn, type Order, type Shelf } from "./api";
import { go } from "./nav";
import { s } from "./words";

const open = (o: Order): boolean => !o.transaction_id && !o.closed;

// OrderPage ends in an answer: it hears what becomes of the order, and asks when the
// customer comes back to it, by the back button too.
export function OrderPage({ no, shelf }: { no: string; shelf: Shelf }) {
	const order = useSignal<Order | null | undefined>(undefined);
	const lost = useSignal(false);
	useEffect(() => {
		const look = () => {
			ask(no).then(
				(o) => (order.value = o),
				(e) => {
					if (e instanceof Failed && e.status === 404) order.value = null;
					else lost.value = true;
				},
			);
		};
		look();
		const stream = events(no);
		stream.onmessage = (e: MessageEvent<string>) => {
			lost.value = false;
			order.value = JSON.parse(e.data) as Order;
		};
		stream.onerror = () => (lost.value = order.value !== null);
		const shown = (e: PageTransitionEvent) => {
			if (e.persisted) look(); // the browser showed the page as it was left
		};
		addEventListener("pageshow", shown);
		return () => {
			stream.close();
			removeEventListener("pageshow", shown);
		};
	}, [no]);
	const o = order.value;
	if (o === null) {
		return (
			<Screen title={say(s.yourOrder)} onBack={() => go("/", true)}>
				<Verdict tone="info" title={say(s.gone)} />
			</Screen>
		);
	}
	if (!o) {
		return (
			<Screen title={say(s.yourOrder)} onBack={() => go("/", true)}>
				{lost.value ? <Banner tone="wait">{say(s.lost)}</Banner> : <Skeleton />}
			</Screen>
		);
	}
	return (
		<Screen title={say(s.yourOrder)} onBack={() => go("/", true)} foot={<Button kind={open(o) ? "plain" : "primary"} id="shop" onPress={() => go("/", true)}>{say(s.back)}</Button>}>
			{lost.value && <Banner tone="wait">{say(s.lost)}</Banner>}
			<State order={o} shelf={shelf} onChange={(next) => (order.value = next)} />
			<div class="card">
				<Items order={o} shelf={shelf} />
				<Facts>
					<Fact name={say(s.placedAt)}>{zoned(Date.parse(o.placed_at))}</Fact>
					{o.paid_at && <Fact name={say(s.paidAt)}>{zoned(Date.parse(o.paid_at))}</Fact>}
				</Facts>
				<Copyable label={say(s.number)} value={o.out_trade_no} />
				{o.transaction_id && <Copyable label={say(s.transaction)} value={o.transaction_id} />}
			</div>
		</Screen>
	);
}

function Items({ order: o, shelf }: { order: Order; shelf: Shelf }) {
	const named = (id: string) => shelf.goods.find((g) => g.id === id);
	return (
		<Facts>
			{(o.items ?? []).map((i) => {
				const g = named(i.id);
				return (
					<Fact key={i.id} name={`${g ? say(g) : i.id} ×${i.count}`}>
						{yuan(i.price * i.count)}
					</Fact>
				);
			})}
			{!o.items && <Fact name={say(s.goods)}>{o.description}</Fact>}
		</Facts>
	);
}

function State({ order: o, shelf, onChange }: { order: Order; shelf: Shelf; onChange: (o: Order) => void }) {
	const amount = <Amount fen={o.total} size="display" />;
	if (o.refunded && o.refunded >= o.total) {
		return (
			<Verdict tone="info" title={say(s.refunded)} text={say(s.refundedText)}>
				{amount}
			</Verdict>
		);
	}
	if (o.transaction_id) {
		return (
			<Verdict tone="good" title={say(s.paid)} text={say(o.refunded ? s.partly(yuan(o.refunded)) : s.paidText)}>
				{amount}
			</Verdict>
		);
	}
	if (o.closed) {
		return (
			<Verdict tone="bad" title={say(s.closed)} text={say(s.closedText)}>
				{amount}
			</Verdict>
		);
	}
	return <Waiting order={o} shelf={shelf} onChange={onChange} />;
}

function Waiting({ order: o, shelf, onChange }: { order: Order; shelf: Shelf; onChange: (o: Order) => void }) {
	const busy = useSignal(false);
	const failed = useSignal(false);
	const fresh = async () => {
		busy.value = true;
		failed.value = false;
		try {
			const next = await again(o.out_trade_no);
			onChange(next);
			leadOn(next, shelf.platform);
		} catch {
			failed.value = true;
		} finally {
			busy.value = false;
		}
	};
	const native = o.pay === undefined || o.pay === "native";
	return (
		<section class="pay stack">
			<Verdict tone="wait" title={say(s.waiting)} text={say(native ? s.waitingNative : s.waitingAway)}>
				<Amount fen={o.total} size="display" />
			</Verdict>
			{native && o.code_url && <QR text={o.code_url} label={say(s.native)} />}
			{native && o.code_url && (
				<a class="button" href={o.code_url} rel="noopener noreferrer">
					{say(s.openCode)}
				</a>
			)}
			<Button kind={native ? "quiet" : "primary"} id="pay" busy={busy.value} onPress={() => void fresh()}>
				{say(native ? s.fresh : s.goPay(yuan(o.total)))}
			</Button>
			{failed.value && (
				<p class="said wrong" role="alert">
					{say(s.away)}
				</p>
			)}
		</section>
	);
}
