import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import "../ui/ui.css";
import "./till.css";
import { Icon, type IconName } from "../ui/Icon";
import { press, type Key } from "../ui/money";
import { Line, mount, Net, sandbox } from "../ui/Page";
import { Screen, Speak } from "../ui/Screen";
import { Badge, Banner, Skeleton, Verdict } from "../ui/State";
import { show as showTheme, theme } from "../ui/theme";
import { clock } from "../ui/time";
import { lang, say, tag, type Text } from "../ui/words";
import { updates, watch } from "../wire/updates";
import { announced } from "./announce";
import { Announced } from "./Announced";
import type { TillOrder } from "./api.gen";
import { Cash, receiver } from "./Cash";
import { deeds, lostSince, resume, wake, whenEnded, type Deed } from "./deeds";
import { connected, downSince, follow, learn } from "./follow";
import { ChooseTill, More } from "./More";
import { cancelled } from "./sale";
import { hear, type Read } from "./scanner";
import { Sell, takeCode, typed } from "./Sell";
import { fromAddress, restore, signedIn } from "./session";
import { SignIn } from "./SignIn";
import { listenForTouch, silent } from "./sound";
import { hint, load, merchant, place, refresh, shown, standing, till, tills, type Place } from "./state";
import { Payments, Today } from "./Today";
import { t } from "./words";

// given is a token that the address had.
const given = fromAddress();

// onEnd looks at what became of a deed.
async function onEnd(d: Deed): Promise<void> {
	const order = d.answer as unknown as TillOrder | undefined;
	const sale = d.call === "CreateOrder" || d.call === "ChargeCode" || d.call === "CancelOrder";
	if (d.state === "done" && sale && order) await learn(order, false);
	if (d.call === "CancelOrder") await cancelled(d);
	if (!sale) void refresh();
}

// onRead takes what a hand scanner or a camera read.
function onRead(r: Read, token: (text: string) => void): void {
	switch (r.kind) {
		case "pay":
			if (signedIn.value && till.value) {
				place.value = "sell";
				void takeCode(r.text);
			}
			return;
		case "receive":
			receiver.value = r.text;
			place.value = "cash";
			return;
		case "token":
			token(r.text);
	}
}

// onKey takes keys that no field is there for: digits of the amount.
function onKey(key: string): (() => void) | undefined {
	const k = key === "Backspace" ? "back" : key;
	if (place.value !== "sell" || shown.value !== "" || announced.value.length > 0 || document.querySelector("dialog[open]") || !/^(\d|\.|back)$/.test(k)) return undefined;
	const before = typed.value;
	typed.value = press(before, k as Key);
	return () => (typed.value = before);
}

function App() {
	const ready = useSignal<boolean | "no">(false);
	const token = useSignal(given);
	useEffect(() => {
		document.documentElement.lang = tag();
	}, [lang.value]);
	useEffect(() => {
		begin().then(
			() => (ready.value = true),
			() => (ready.value = "no"),
		);
		return hear((r) => onRead(r, (text) => (token.value = text)), onKey);
	}, []);
	// A sign-in link that is opened where this page is already loads nothing anew.
	useEffect(() => {
		const opened = () => (token.value = fromAddress() ?? token.value);
		addEventListener("hashchange", opened);
		return () => removeEventListener("hashchange", opened);
	}, []);
	useEffect(() => {
		if (signedIn.value) void refresh();
	}, [signedIn.value]);
	useEffect(() => {
		if (!signedIn.value || !standing.value) return;
		const stop = follow();
		void refresh();
		return () => void stop.then((f) => f());
	}, [signedIn.value, standing.value]);
	if (ready.value === "no") {
		return (
			<Screen title={say(t.name)}>
				<Verdict tone="bad" title={say(t.unusable)} text={say(t.unusableText)} />
			</Screen>
		);
	}
	if (!ready.value) return <Waiting />;
	if (!signedIn.value) return <SignIn token={token.value} />;
	if (!till.value) return <WhichTill />;
	return <Desk />;
}

async function begin(): Promise<void> {
	whenEnded((d) => void onEnd(d));
	await load();
	await restore();
	await resume();
}

// Waiting has the place of everything that is about to be there, and nothing that jumps.
function Waiting() {
	return (
		<div class="desk">
			<header class="top">
				<h1>{say(t.name)}</h1>
			</header>
			<main>
				<Skeleton lines={6} />
			</main>
		</div>
	);
}

function WhichTill() {
	const known = tills.value.filter((x) => !x.closed);
	return (
		<Screen title={say(t.whichTill)}>
			{tills.value.length === 0 ? <Skeleton /> : known.length === 0 ? <Verdict tone="info" icon="store" title={say(t.till)} text={say(t.noTills)} /> : <ChooseTill />}
		</Screen>
	);
}

const places: [Place, Text, IconName][] = [["sell", t.sell, "code"], ["today", t.today, "bill"], ["cash", t.cash, "receive"], ["more", t.more, "settings"]];

// Desk is the till at work.
function Desk() {
	useEffect(() => {
		document.title = `${merchant.value} · Holdfast`;
	}, [merchant.value]);
	// A new version is taken while nothing is going on.
	useEffect(() => {
		const idle = shown.value === "" && typed.value === "" && announced.value.length === 0 && deeds.value.every((d) => d.state !== "sending");
		if (updates.value && idle) updates.value();
	}, [updates.value, shown.value, typed.value, announced.value, deeds.value]);
	return (
		<>
			<div class="desk" aria-hidden={announced.value.length > 0}>
				<header class="top">
					<div class="stands">
						<h1>
							<bdi>{merchant.value}</bdi>
						</h1>
						<p class="small">
							<bdi>{till.value?.name}</bdi> <Connection />
						</p>
					</div>
					<Speak />
				</header>
				<nav class="places">
					{places.map(([name, text, icon]) => (
						<button key={name} type="button" id={`to-${name}`} aria-current={place.value === name ? "page" : undefined} onClick={() => (place.value = name)}>
							<Icon name={icon} />
							{say(text)}
						</button>
					))}
				</nav>
				<main>
					{silent.value && <Banner tone="info">{say(t.mute)}</Banner>}
					{hint.value && <Banner tone="wait">{say(hint.value)}</Banner>}
					<Work />
				</main>
				{place.value !== "today" && (
					<aside class="queue" aria-label={say(t.queue)}>
						<h2>{say(t.queue)}</h2>
						<Payments />
					</aside>
				)}
			</div>
			<Announced />
		</>
	);
}

function Work() {
	switch (place.value) {
		case "sell":
			return <Sell />;
		case "today":
			return <Today />;
		case "cash":
			return <Cash />;
		case "more":
			return <More />;
	}
}

function Connection() {
	const since = lostSince.value || (connected.value ? 0 : downSince.value);
	return (
		<span class="connection" role="status">
			{since === 0 ? <Badge tone="good">{say(t.live)}</Badge> : <Badge tone="wait">{say(lostSince.value === 0 && Date.now() - since < soon ? t.connecting : t.down(clock(since)))}</Badge>}
		</span>
	);
}

// soon is for how long a connection that broke off is only being made again.
const soon = 5_000;

showTheme(theme.value);
listenForTouch();
addEventListener("online", wake);
mount(
	<Net words={t}>
		{sandbox && <Line text={t.sandbox} />}
		<App />
	</Net>,
);
void watch("/till/sw.js");
