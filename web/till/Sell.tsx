import { effect, signal, useSignal } from "@preact/signals";
import { Amount } from "../ui/Amount";
import { AmountPad, amountOf, plain } from "../ui/AmountPad";
import { Button } from "../ui/Button";
import { QR } from "../ui/Code";
import { Field } from "../ui/Field";
import { yuan } from "../ui/money";
import { Countdown, Skeleton, Verdict } from "../ui/State";
import { say } from "../ui/words";
import type { TillOrder } from "./api.gen";
import { deed, type Deed } from "./deeds";
import { orderOf, paid } from "./follow";
import { Lost, ScanSheet, sentence } from "./parts";
import { cancel, cancelling, charge, payCode, placeOrder, setAside } from "./sale";
import { goods, hint, show, shown, type Good } from "./state";
import { t } from "./words";

// typed is the amount, and picked how many of which goods, of the sale to come.
export const typed = signal("");
export const picked = signal<Record<string, number>>({});
const byGoods = signal(false);

// What was said in passing has been heard once somebody types on.
effect(() => {
	if (typed.value !== "" || pieces() > 0) hint.value = undefined;
});

const pickedList = (): { good: Good; n: number }[] => goods.value.flatMap((good) => (picked.value[good.name] ? [{ good, n: picked.value[good.name] ?? 0 }] : []));

function pieces(): number {
	return Object.values(picked.value).reduce((sum, n) => sum + n, 0);
}

// due is what the sale to come costs.
export const due = (): number => (byGoods.value ? pickedList().reduce((sum, { good, n }) => sum + good.price * n, 0) : amountOf(typed.value));

const description = (): string => (byGoods.value ? pickedList().map(({ good, n }) => (n > 1 ? `${good.name}×${n}` : good.name)).join("、") : "");

export function clear(): void {
	typed.value = "";
	picked.value = {};
}

// takeCode charges a code that a customer shows for what is on the screen.
export async function takeCode(code: string): Promise<void> {
	const d = deed(shown.value);
	const o = d && orderOf(d);
	if (d?.state === "sending") return;
	const amount = d && o && !paid(o) && o.state !== "closed" ? d.amount : due();
	if (amount === 0) {
		hint.value = t.amountFirst;
		return;
	}
	hint.value = undefined;
	await charge(amount, o?.description ?? description(), code);
	clear();
}

export function Sell() {
	const d = deed(shown.value);
	return d ? <Sale deed={d} /> : <Enter />;
}

function Enter() {
	const scan = useSignal(false);
	const busy = useSignal(false);
	const amount = due();
	const place = async () => {
		if (amount === 0 || busy.value) return;
		busy.value = true;
		hint.value = undefined;
		await placeOrder(amount, description());
		clear();
	};
	return (
		<section class="enter">
			<div class="tabs" role="group">
				<button type="button" aria-pressed={!byGoods.value} onClick={() => (byGoods.value = false)}>
					{say(t.byAmount)}
				</button>
				<button type="button" aria-pressed={byGoods.value} onClick={() => (byGoods.value = true)}>
					{say(t.byGoods)}
				</button>
			</div>
			{byGoods.value ? <Goods /> : <AmountPad shown={typed} onEnter={() => void place()} />}
			<div class="acts">
				<Button kind="primary" id="show" icon="code" disabled={amount === 0} busy={busy.value} onPress={() => void place()}>
					{say(amount > 0 ? t.showCode(yuan(amount)) : t.showNoCode)}
				</Button>
				<Button id="scan" icon="scan" disabled={amount === 0} onPress={() => (scan.value = true)}>
					{say(t.scanPayer)}
				</Button>
				<p class="small center">{say(t.scanPayerHint)}</p>
			</div>
			<ScanPayer open={scan.value} onClose={() => (scan.value = false)} />
		</section>
	);
}

function Goods() {
	const more = (g: Good, by: number) => (picked.value = { ...picked.value, [g.name]: Math.max(0, (picked.value[g.name] ?? 0) + by) });
	if (goods.value.length === 0) return <Verdict tone="info" icon="store" title={say(t.byGoods)} text={say(t.noGoods)} />;
	return (
		<div class="goods">
			<p class="center total">
				<Amount fen={due()} size="display" />
			</p>
			<ul>
				{goods.value.map((g) => {
					const n = picked.value[g.name] ?? 0;
					return (
						<li key={g.name} class={n > 0 ? "picked" : ""}>
							<button type="button" class="pick" onClick={() => more(g, 1)}>
								<bdi>{g.name}</bdi>
								<Amount fen={g.price} />
								{n > 0 && <span class="count">×{n}</span>}
							</button>
							{n > 0 && (
								<button type="button" class="round less" aria-label={say(t.remove(g.name))} onClick={() => more(g, -1)}>
									−
								</button>
							)}
						</li>
					);
				})}
			</ul>
		</div>
	);
}

function ScanPayer({ open, onClose }: { open: boolean; onClose: () => void }) {
	const text = useSignal("");
	const wrong = useSignal(false);
	const take = (said: string) => {
		const code = payCode(said);
		wrong.value = code === undefined;
		if (code === undefined) return;
		text.value = "";
		onClose();
		void takeCode(code);
	};
	return (
		<ScanSheet open={open} title={t.scanPayer} aim={t.aimPayer} onText={take} onClose={onClose}>
			<form
				class="stack"
				onSubmit={(e) => {
					e.preventDefault();
					take(text.value);
				}}
			>
				<Field label={say(t.typePayer)} value={text} name="paycode" inputMode="numeric" maxLength={24} error={wrong.value ? say(t.codeWrong) : undefined} onChange={() => (wrong.value = false)} />
				<Button submit kind="primary" disabled={text.value.trim() === ""} onPress={() => {}}>
					{say(t.charge(yuan(due() || deed(shown.value)?.amount || 0)))}
				</Button>
			</form>
		</ScanSheet>
	);
}

// Sale is a sale that was begun, until it is paid or given up.
function Sale({ deed: d }: { deed: Deed }) {
	const scan = useSignal(false);
	const o = orderOf(d);
	const ending = cancelling(o);
	if (d.state === "refused") return <NotCharged deed={d} />;
	if (o?.state === "closed") return <Closed />;
	return (
		<section class="sale" aria-live="polite">
			<p class="due">
				<Amount fen={d.amount} size="display" />
			</p>
			{d.state === "sending" ? (
				<Sending deed={d} />
			) : o?.state === "userpaying" ? (
				<Verdict tone="wait" title={say(t.asked)} text={say(t.askedText)}>
					<p>
						<Countdown until={o.createdAt + askLife} words={t.left} />
					</p>
				</Verdict>
			) : (
				<Shown order={o} />
			)}
			{ending?.lostSince ? <Lost since={ending.lostSince} /> : null}
			{d.state === "done" && (
				<div class="acts">
					<Button id="scan" icon="scan" onPress={() => (scan.value = true)}>
						{say(t.scanPayer)}
					</Button>
					<div class="side">
						<Button id="next" onPress={() => void setAside(d)}>
							{say(t.next)}
						</Button>
						<Button kind="danger" id="cancel" busy={ending !== undefined} onPress={() => void cancel(d)}>
							{say(ending ? t.cancelling : t.cancelSale)}
						</Button>
					</div>
					<p class="small center">{say(t.nextText)}</p>
				</div>
			)}
			<ScanPayer open={scan.value} onClose={() => (scan.value = false)} />
		</section>
	);
}

// askLife is how long a payer who is asked has to answer.
const askLife = 120_000;

function Sending({ deed: d }: { deed: Deed }) {
	return (
		<>
			<p class="center" role="status">
				{say(d.call === "ChargeCode" ? t.charging : t.making)}
			</p>
			{d.lostSince ? (
				<>
					<Lost since={d.lostSince} />
					<Button id="next" onPress={() => void setAside(d)}>
						{say(t.next)}
					</Button>
				</>
			) : d.call === "ChargeCode" ? <Verdict tone="wait" title={say(t.charging)} /> : <Skeleton lines={4} />}
		</>
	);
}

function Shown({ order: o }: { order: TillOrder | undefined }) {
	return (
		<>
			{o?.link && <QR text={o.link} label={say(t.scanToPay)} />}
			<p class="center scanhint">{say(t.scanToPay)}</p>
			<p class="center waits" role="status">
				<span class="spinner" aria-hidden="true" /> {say(t.waiting)}
			</p>
		</>
	);
}

function NotCharged({ deed: d }: { deed: Deed }) {
	return (
		<section class="sale">
			<Verdict tone="bad" title={say(t.notCharged)} text={sentence(d)} code={d.code}>
				<Amount fen={d.amount} size="display" />
			</Verdict>
			<div class="acts">
				<Button
					kind="primary"
					id="again"
					onPress={() => {
						typed.value = plain(d.amount);
						show("");
					}}
				>
					{say(t.again)}
				</Button>
				<Button id="new" onPress={() => show("")}>
					{say(t.newSale)}
				</Button>
			</div>
		</section>
	);
}

function Closed() {
	return (
		<section class="sale">
			<Verdict tone="info" title={say(t.closed)} text={say(t.cancelled)} />
			<div class="acts">
				<Button kind="primary" id="new" onPress={() => show("")}>
					{say(t.newSale)}
				</Button>
			</div>
		</section>
	);
}
