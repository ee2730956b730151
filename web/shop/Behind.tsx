import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Amount } from "../ui/Amount";
import { Screen } from "../ui/Screen";
import { Badge, Skeleton, type Tone } from "../ui/State";
import { zoned } from "../ui/time";
import { say, type Text } from "../ui/words";
import { behind, type Notice, type Order } from "./api";
import { go } from "./nav";
import { s } from "./words";

// Behind is what the shop's own people see: orders and notices, nothing hidden on a
// phone.
export function Behind() {
	const seen = useSignal<Awaited<ReturnType<typeof behind>> | undefined>(undefined);
	const away = useSignal(false);
	useEffect(() => {
		behind().then(
			(x) => (seen.value = x),
			() => (away.value = true),
		);
	}, []);
	const x = seen.value;
	return (
		<Screen title={say(s.orders)} onBack={() => go("/")}>
			{away.value ? <p role="alert">{say(s.away)}</p> : !x ? <Skeleton /> : <Book orders={x.orders ?? []} notices={x.notices ?? []} mchid={x.mchid} />}
		</Screen>
	);
}

function Book({ orders, notices, mchid }: { orders: Order[]; notices: Notice[]; mchid: string }) {
	return (
		<>
			<p>{say(s.ordersText)}</p>
			<p class="small">mchid {mchid}</p>
			{orders.length === 0 && <p>{say(s.noOrders)}</p>}
			<ul class="list" hidden={orders.length === 0}>
				{orders.map((o) => (
					<li key={o.out_trade_no}>
						<a
							href={`/order/${o.out_trade_no}`}
							onClick={(e) => {
								e.preventDefault();
								go(`/order/${o.out_trade_no}`);
							}}
						>
							<span class="what">
								<span class="title">
									<bdi>{o.description}</bdi>
								</span>
								<span class="note">{zoned(Date.parse(o.placed_at))}</span>
								<span class="note number">{o.out_trade_no}</span>
								<span class="note">
									<Standing order={o} />
								</span>
							</span>
							<Amount fen={o.total} />
						</a>
					</li>
				))}
			</ul>
			<h2>{say(s.notices)}</h2>
			{notices.length === 0 && <p>{say(s.noNotices)}</p>}
			<ul class="list" hidden={notices.length === 0}>
				{notices.map((n) => (
					<li key={n.id}>
						<div class="line">
							<span class="what">
								<span class="title">{n.event_type}</span>
								<span class="note">
									{zoned(Date.parse(n.at))}
									{n.repeats ? ` · ${say(s.repeats(n.repeats))}` : ""}
								</span>
								<span class="note number">{n.out_trade_no}</span>
								<span class="note number">{n.id}</span>
							</span>
						</div>
					</li>
				))}
			</ul>
		</>
	);
}

function Standing({ order: o }: { order: Order }) {
	const [tone, text]: [Tone, Text] = o.refunded ? ["info", s.refunded] : o.transaction_id ? ["good", s.paid] : o.closed ? ["bad", s.closed] : ["wait", s.notPaid];
	return <Badge tone={tone}>{say(text)}</Badge>;
}
