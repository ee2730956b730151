import { useSignal } from "@preact/signals";
import { Amount } from "../ui/Amount";
import { AmountPad, amountOf, plain } from "../ui/AmountPad";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { yuan } from "../ui/money";
import { Sheet } from "../ui/Sheet";
import { Copyable, Fact, Facts, Skeleton, Verdict } from "../ui/State";
import { clock, moment } from "../ui/time";
import { say } from "../ui/words";
import type { TillOrder } from "./api.gen";
import { begin, deed } from "./deeds";
import { newID } from "../wire/begun";
import { Progress } from "./parts";
import { takings } from "./state";
import { t } from "./words";

// Today is what was taken today, with a way to give it back.
export function Today() {
	const chosen = useSignal("");
	const giving = useSignal(false);
	const choose = (no: string) => {
		chosen.value = no;
		giving.value = false;
	};
	const day = takings.value;
	if (!day) return <Skeleton lines={6} />;
	const order = day.newest.find((o) => o.outTradeNo === chosen.value);
	return (
		<section class="stack">
			<div class="takings">
				<p class="small">{say(t.takings)}</p>
				<p>
					{day.atLeast && <span class="small">{say(t.atLeast)} </span>}
					<Amount fen={day.paid} size="display" />
				</p>
				<p class="small">
					{say(t.payments(day.payments))}
					{day.refunded > 0 && ` · ${say(t.given)} ${yuan(day.refunded)}`}
				</p>
			</div>
			{day.newest.length === 0 ? <Verdict tone="info" icon="bill" title={say(t.nothingToday)} text={say(t.nothingTodayText)} /> : <Payments onChoose={choose} />}
			<Sheet open={order !== undefined} title={say(giving.value ? t.refund : t.payment)} onClose={() => (chosen.value = "")} dialog>
				{order && (giving.value ? <Refund order={order} /> : <Payment order={order} onGive={() => (giving.value = true)} />)}
			</Sheet>
		</section>
	);
}

// Payments lists today's payments, the newest first.
export function Payments({ onChoose }: { onChoose?: (outTradeNo: string) => void }) {
	const list = takings.value?.newest ?? [];
	if (list.length === 0) return <p class="small">{say(t.nothingToday)}</p>;
	return (
		<ul class="list payments">
			{list.map((o) => {
				const inside = (
					<>
						<span class="what">
							<span class="title">
								<bdi>{o.description}</bdi>
							</span>
							<span class="note">
								<time dateTime={new Date(o.paidAt).toISOString()}>{clock(o.paidAt)}</time> · <bdi>{o.payer}</bdi>
								{o.refunded > 0 && ` · ${say(t.refunded(yuan(o.refunded)))}`}
							</span>
						</span>
						<Amount fen={o.total} />
					</>
				);
				return (
					<li key={o.outTradeNo}>
						{onChoose ? (
							<button type="button" class="line" onClick={() => onChoose(o.outTradeNo)}>
								{inside}
							</button>
						) : (
							<div class="line">{inside}</div>
						)}
					</li>
				);
			})}
		</ul>
	);
}

function Payment({ order: o, onGive }: { order: TillOrder; onGive: () => void }) {
	return (
		<>
			<p class="center">
				<Amount fen={o.total} size="display" />
			</p>
			<Facts>
				<Fact name={say(t.what)}>{o.description}</Fact>
				<Fact name={say(t.payer)}>{o.payer}</Fact>
				<Fact name={say(t.at)}>{moment(o.paidAt)}</Fact>
				{o.refunded > 0 && <Fact name={say(t.given)}>{yuan(o.refunded)}</Fact>}
			</Facts>
			<Copyable label={say(t.number)} value={o.transactionId} />
			<Copyable label={say(t.orderNumber)} value={o.outTradeNo} />
			{o.refunded < o.total && (
				<Button kind="danger" id="refund" onPress={onGive}>
					{say(t.refund)}
				</Button>
			)}
		</>
	);
}

function Refund({ order: o }: { order: TillOrder }) {
	const most = o.total - o.refunded;
	const amount = useSignal(plain(most));
	const reason = useSignal("");
	const id = useSignal("");
	const d = deed(id.value);
	const fen = amountOf(amount.value);
	if (d) {
		const at = String(d.answer?.state ?? "");
		const done =
			at === "success" ? { title: t.refundDone, text: say(t.refundDoneText) } : at === "processing" ? { title: t.refundGoing, text: say(t.refundGoingText), tone: "wait" as const } : { title: t.refundNot, tone: "bad" as const };
		return (
			<Progress deed={d} going={t.refunding} refused={t.refundNot} done={done}>
				<Amount fen={d.amount} size="display" />
			</Progress>
		);
	}
	const give = async () => {
		const mine = newID();
		await begin({ id: mine, call: "Refund", amount: fen, request: { outTradeNo: o.outTradeNo, amount: fen, reason: reason.value.trim(), clientId: mine } });
		id.value = mine;
	};
	return (
		<div class="stack refund">
			<AmountPad shown={amount} label={say(t.refund)} />
			<p class={`small center ${fen > most ? "said wrong" : ""}`}>{say(t.refundMost(yuan(most)))}</p>
			<Field label={say(t.reason)} value={reason} name="reason" hint={say(t.reasonHint)} maxLength={60} />
			<div class="side">
				{t.reasons.map((r) => (
					<Button key={r.en} onPress={() => (reason.value = say(r))}>
						{say(r)}
					</Button>
				))}
			</div>
			<Button kind="primary" id="give" disabled={fen === 0 || fen > most || reason.value.trim() === ""} onPress={() => void give()}>
				{say(t.refundDo(yuan(fen)))}
			</Button>
		</div>
	);
}
