import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Amount } from "../ui/Amount";
import { Button } from "../ui/Button";
import { Screen } from "../ui/Screen";
import { Copyable, Fact, Facts, Skeleton, Verdict, Who } from "../ui/State";
import { moment } from "../ui/time";
import { say, together, type Text } from "../ui/words";
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

const ofShop = (a: Act): boolean => a.kind === "ApplyShop" || a.kind === "TakeTakings";

const screen = (a: Act): Text => (ofShop(a) ? w.shop : a.kind === "Pay" || a.kind === "WithdrawCash" || a.kind === "AnswerAsked" ? w.payment : a.kind === "Transfer" || a.kind === "AnswerTransfer" ? w.transfer : w.packet);

// isShop says whether the other one is a shop.
const isShop = (a: Act): boolean => ofShop(a) || a.kind === "Pay" || a.kind === "WithdrawCash";

// going is what is said while there is no answer: what it is, that it comes, that it is
// long in coming.
const going = (a: Act): [Text, Text, Text] => (a.kind === "ApplyShop" ? [w.applying, w.applyingText, w.applyingLost] : a.kind === "TakeTakings" ? [w.moving, w.movingText, w.movingLost] : [w.paying, w.payingText, w.payingLost]);

function Going({ act: a }: { act: Act }) {
	const late = useSignal(Date.now() - a.begun > slow);
	useEffect(() => {
		const timer = setTimeout(() => (late.value = true), Math.max(0, slow - (Date.now() - a.begun)));
		return () => clearTimeout(timer);
	}, [a.id]);
	const [title, soon, lost] = going(a);
	const text = !online.value ? (ofShop(a) ? lost : w.payingOffline) : late.value ? lost : soon;
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
			<Verdict tone="wait" title={say(title)} text={say(text)}>
				{a.kind !== "ApplyShop" && <Amount fen={a.amount} size="display" />}
				{a.who && <Who name={a.who} shop={isShop(a)} />}
			</Verdict>
		</Screen>
	);
}

// notDone is the title of a refusal, and what it means for the money.
const notDone = (a: Act): [Text, Text | undefined] => {
	switch (a.kind) {
		case "Pay":
		case "AnswerAsked":
			return [w.notPaid, w.nothingCharged];
		case "Transfer":
			return [w.notSent, w.nothingCharged];
		case "ApplyShop":
			return [w.notApplied, undefined];
		case "TakeTakings":
			return [w.notMoved, w.stillThere];
		default:
			return [w.notDone, w.nothingCharged];
	}
};

// whence is where an act was begun, and can be again.
function whence(a: Act): string {
	const code = String(a.request.code ?? "");
	if (code.startsWith("/c/")) return code;
	switch (a.kind) {
		case "Pay":
			return `/pay/${encodeURIComponent(code)}`;
		case "Transfer":
			return "/transfer";
		case "ApplyShop":
			return "/shops/new";
		case "TakeTakings":
			return `/takings/${String(a.request.shop)}`;
		default:
			return "/packets";
	}
}

function NotDone({ act: a }: { act: Act }) {
	const [title, money] = notDone(a);
	const said = sentence(a.kind === "TakeTakings" && a.code === "balance_too_low" ? "taking_too_much" : a.code, a.sentence);
	const useful = a.kind !== "OpenPacket" && a.kind !== "AnswerTransfer" && a.kind !== "AnswerAsked";
	return (
		<Screen
			title={say(screen(a))}
			foot={
				<>
					{useful && (
						<Button kind="primary" onPress={() => go(whence(a), true)}>
							{say(ofShop(a) ? w.again : w.payAgain)}
						</Button>
					)}
					{a.code === "person_blocked" && <Button onPress={() => go("/block")}>{say(w.blockedLook)}</Button>}
					<Button onPress={() => go("/", true)}>{say(w.home)}</Button>
				</>
			}
		>
			<Verdict tone="bad" title={say(title)} text={together(said, money ? say(money) : "")} code={a.code} />
			<div class="card">
				<Facts>
					{a.amount > 0 && (
						<Fact name={say(w.amount)}>
							<Amount fen={a.amount} />
						</Fact>
					)}
					{a.who && <Fact name={say(ofShop(a) ? w.shop : w.to)}>{a.who}</Fact>}
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
			return w.paid;
		case "AnswerAsked":
			return a.request.cash ? w.cashOwed : w.paid;
		case "WithdrawCash":
			return w.cashOwed;
		case "ApplyShop":
			return w.applied;
		case "TakeTakings":
			return w.moved;
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
	const at = (a.kind === "TakeTakings" ? 0 : Number(answer.paidAt ?? 0) || Number(answer.createdAt ?? 0)) || (a.ended ?? a.begun);
	useEffect(() => {
		if (a.kind === "OpenPacket" || a.kind === "ThrowPacket") go(`/packet#${text("link") || String(a.request.link ?? "")}`, true);
		if (a.kind === "ApplyShop") go(`/shops/${text("shop")}`, true);
	}, [a.id]);
	const shop = returnTo(a.back ?? null);
	const waits = a.kind === "Transfer" && text("state") === "waiting";
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
					<Button kind={shop ? "quiet" : "primary"} id="done" onPress={() => go(a.kind === "TakeTakings" ? `/shops/${text("shop")}` : "/", true)}>
						{say(shop ? w.home : w.done)}
					</Button>
				</>
			}
		>
			<Verdict tone={waits ? "wait" : "good"} {...(waits ? { icon: "clock" as const } : {})} title={say(ended(a))}>
				{a.kind !== "ApplyShop" && <Amount fen={a.amount} size="display" />}
				{a.who && <Who name={a.who} shop={isShop(a)} />}
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
