import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Amount } from "../ui/Amount";
import { Button } from "../ui/Button";
import { Screen } from "../ui/Screen";
import { Copyable, Fact, Facts, Skeleton, Verdict, Who } from "../ui/State";
import { moment } from "../ui/time";
import { say, type Text } from "../ui/words";
import { live, wake, type Act } from "./acts";
import { returnTo } from "./codes";
import { go } from "./nav";
import { online, refresh } from "./state";
import { act as find } from "./store";
import { sentence } from "./trouble";
import { w } from "./words";

// slow is after how long "in a moment" is not true any more.
const slow = 4_000;

// ActPage says how an act ended; until then, that nothing is charged twice.
export function ActPage({ id }: { id: string }) {
	const kept = useSignal<Act | null | undefined>(undefined);
	const a = live.value.find((b) => b.id === id) ?? kept.value;
	useEffect(() => {
		void find<Act>(id).then((b) => (kept.value = b ?? null));
	}, [id]);
	useEffect(() => {
		if (a && a.state !== "sending") void refresh();
	}, [a?.state]);
	if (a === undefined) return <Screen title={say(w.loading)}><Skeleton /></Screen>;
	if (a === null) {
		return (
			<Screen title={say(w.detail)} onBack={() => go("/", true)}>
				<Verdict tone="info" title={say(w.gone)} />
			</Screen>
		);
	}
	if (a.state === "sending") return <Going act={a} />;
	if (a.state === "refused") return <NotDone act={a} />;
	return <Done act={a} />;
}

const screen = (a: Act): Text => (a.kind === "Pay" || a.kind === "WithdrawCash" || a.kind === "AnswerAsked" ? w.payment : a.kind === "Transfer" || a.kind === "AnswerTransfer" ? w.transfer : w.packet);

function Going({ act: a }: { act: Act }) {
	const late = useSignal(Date.now() - a.begun > slow);
	useEffect(() => {
		const timer = setTimeout(() => (late.value = true), Math.max(0, slow - (Date.now() - a.begun)));
		return () => clearTimeout(timer);
	}, [a.id]);
	const text = !online.value ? w.payingOffline : late.value ? w.payingLost : w.payingText;
	return (
		<Screen
			title={say(screen(a))}
			foot={
				late.value || !online.value ? (
					<>
						<Button icon="again" onPress={() => wake()}>
							{say(w.askNow)}
						</Button>
						<Button kind="quiet" onPress={() => go("/", true)}>
							{say(w.home)}
						</Button>
					</>
				) : undefined
			}
		>
			<Verdict tone="wait" title={say(w.paying)} text={say(text)}>
				<Amount fen={a.amount} size="display" />
				{a.who && <Who name={a.who} shop={a.kind === "Pay" || a.kind === "WithdrawCash"} />}
			</Verdict>
		</Screen>
	);
}

function NotDone({ act: a }: { act: Act }) {
	const title = a.kind === "Pay" || a.kind === "AnswerAsked" ? w.notPaid : a.kind === "Transfer" ? w.notSent : w.notDone;
	const said = sentence(a.code, a.sentence);
	const code = String(a.request.code ?? "");
	const where = code.startsWith("/c/") ? code : a.kind === "Pay" ? `/pay/${encodeURIComponent(code)}` : a.kind === "Transfer" ? "/transfer" : "/packets";
	const useful = a.kind !== "OpenPacket" && a.kind !== "AnswerTransfer" && a.kind !== "AnswerAsked";
	return (
		<Screen
			title={say(screen(a))}
			foot={
				<>
					{useful && (
						<Button kind="primary" onPress={() => go(where, true)}>
							{say(w.payAgain)}
						</Button>
					)}
					{a.code === "person_blocked" && <Button onPress={() => go("/block")}>{say(w.blockedLook)}</Button>}
					<Button onPress={() => go("/", true)}>{say(w.home)}</Button>
				</>
			}
		>
			<Verdict tone="bad" title={say(title)} text={`${said} ${say(w.nothingCharged)}`} code={a.code} />
			<div class="card">
				<Facts>
					{a.amount > 0 && (
						<Fact name={say(w.amount)}>
							<Amount fen={a.amount} />
						</Fact>
					)}
					{a.who && <Fact name={say(w.to)}>{a.who}</Fact>}
				</Facts>
			</div>
		</Screen>
	);
}

// ended is the word for an act that was done.
export function ended(a: Act): Text {
	const state = String(a.answer?.state ?? "");
	switch (a.kind) {
		case "Pay":
		case "AnswerAsked":
			return w.paid;
		case "WithdrawCash":
			return w.cashOwed;
		case "Transfer":
			return state === "waiting" ? w.waitingFor : w.sent;
		case "AnswerTransfer":
			return state === "declined" ? w.declined : w.answered;
		default:
			return w.thrown;
	}
}

function Done({ act: a }: { act: Act }) {
	const answer = a.answer ?? {};
	const text = (name: string) => String(answer[name] ?? "");
	const at = Number(answer.paidAt ?? 0) || Number(answer.createdAt ?? 0) || (a.ended ?? a.begun);
	useEffect(() => {
		if (a.kind === "OpenPacket" || a.kind === "ThrowPacket") go(`/packet#${text("link") || String(a.request.link ?? "")}`, true);
	}, [a.id]);
	const shop = returnTo(a.back ?? null);
	return (
		<Screen
			title={say(screen(a))}
			foot={
				<>
					{shop && (
						<a class="button primary" href={shop.url} rel="noopener noreferrer">
							{say(w.backToShop(shop.host))}
						</a>
					)}
					<Button kind={shop ? "quiet" : "primary"} id="done" onPress={() => go("/", true)}>
						{say(shop ? w.home : w.done)}
					</Button>
				</>
			}
		>
			<Verdict tone="good" title={say(ended(a))}>
				<Amount fen={a.amount} size="display" />
				{a.who && <Who name={a.who} shop={a.kind === "Pay" || a.kind === "WithdrawCash"} />}
			</Verdict>
			<div class="card">
				<Facts>
					{a.what && <Fact name={say(a.kind === "Pay" ? w.what : w.note)}>{a.what}</Fact>}
					<Fact name={say(w.at)}>{moment(at)}</Fact>
				</Facts>
				{text("transactionId") && <Copyable label={say(w.number)} value={text("transactionId")} />}
				{text("outTradeNo") && <Copyable label={say(w.shopNumber)} value={text("outTradeNo")} />}
			</div>
		</Screen>
	);
}
