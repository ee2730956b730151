import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Amount } from "../ui/Amount";
import { Button } from "../ui/Button";
import { QR } from "../ui/Code";
import { Row, Rows } from "../ui/List";
import { Picture } from "../ui/Picture";
import { yuan } from "../ui/money";
import { Screen } from "../ui/Screen";
import { Copyable, Fact, Facts, Skeleton, Verdict } from "../ui/State";
import { clock, moment } from "../ui/time";
import { lang, say, type Text } from "../ui/words";
import type { ShopView } from "./api.gen";
import { call } from "./call";
import { save } from "./file";
import { connected } from "./follow";
import { back, go } from "./nav";
import { kinds, s } from "./shopwords";
import { away, lookedAt, note, paid, shopsMoved, takings } from "./state";
import { Sorry, trouble, type Trouble } from "./trouble";
import { w } from "./words";

const states: Record<string, Text> = { waiting: s.waiting, approved: s.approved, refused: s.refused };

// askAgain is how often the platform is asked while it gives no answer.
const askAgain = 5_000;

// useShown is what the platform says, asked again when a shop was decided on or may have
// been, and when the person reads another language: some of it are the platform's own
// sentences. While there is no answer, it is asked again by itself. What the shops took is
// put in as the news tell it.
export function useShown<T>(ask: () => Promise<T>, withTakings: (shown: T) => T) {
	const shown = useSignal<T | undefined>(undefined);
	const failed = useSignal<Trouble | undefined>(undefined);
	const at = useSignal(0);
	const once = async () => {
		try {
			let before;
			do {
				before = takings.value;
				shown.value = await ask();
			} while (before !== takings.value); // the answer may be from before the news
			at.value = Date.now();
			failed.value = undefined;
		} catch (e) {
			note(e);
			failed.value = trouble(e);
		}
	};
	const look = () => {
		failed.value = undefined;
		return once();
	};
	useEffect(() => void look(), [lang.value, shopsMoved.value]);
	useEffect(() => {
		if (!shown.value) return;
		shown.value = withTakings(shown.value);
		at.value = Date.now();
	}, [takings.value]);
	useEffect(() => {
		if (!failed.value?.again) return;
		const timer = setTimeout(() => void once(), askAgain);
		return () => clearTimeout(timer);
	}, [failed.value]);
	return { shown, failed, look, at };
}

// told is a shop with what the news say that it took.
export const told = (x: ShopView): ShopView => {
	const news = takings.value.find((t) => t.shop === x.shop);
	return news ? { ...x, takings: news.takings } : x;
};

// Shops lists the person's own, with what came of each.
export function Shops() {
	const { shown, failed, look } = useShown(() => call("ListShops", {}), (l) => ({ ...l, shops: l.shops.map(told) }));
	const list = shown.value?.shops;
	const waits = list?.some((x) => x.state === "waiting");
	return (
		<Screen
			title={say(s.shops)}
			onBack={back}
			foot={
				list && !waits ? (
					<Button kind="primary" id="open-shop" icon="store" onPress={() => go("/shops/new")}>
						{say(s.open)}
					</Button>
				) : undefined
			}
		>
			{list === undefined ? (
				failed.value ? <Sorry trouble={failed.value} title={w.noAnswer} again={() => void look()} /> : <Skeleton />
			) : list.length === 0 ? (
				<Verdict tone="info" icon="store" title={say(s.none)} text={say(s.noneText)} />
			) : (
				<Rows>
					{list.map((x) => (
						<Row key={x.shop} icon="store" title={x.name} note={say(states[x.state] ?? s.waiting)} href={`/shops/${x.shop}`} value={x.state === "approved" ? yuan(x.takings) : undefined} />
					))}
				</Rows>
			)}
			{waits && <p class="small">{say(s.oneAtATime)}</p>}
		</Screen>
	);
}

// ShopPage is one shop: what came of the application, and once it is open, its code and
// its takings.
export function ShopPage({ id }: { id: string }) {
	const { shown, failed, look, at } = useShown(() => call("ShowShop", { shop: id }), told);
	const x = shown.value;
	// Whoever has looked at the shop need not be told of it any more.
	useEffect(() => {
		if (x) lookedAt(x.decidedAt);
		if (paid.value?.shop === id) paid.value = undefined;
	}, [x]);
	if (!x) {
		return (
			<Screen title={say(s.shop)} onBack={back}>
				{failed.value ? <Sorry trouble={failed.value} title={s.noShop} retry={() => void look()} /> : <Skeleton />}
			</Screen>
		);
	}
	return x.state === "approved" ? <Open shop={x} at={at.value} /> : <Applied shop={x} />;
}

// Applied is a shop that waits or was refused.
function Applied({ shop: x }: { shop: ShopView }) {
	const refused = x.state === "refused";
	return (
		<Screen
			title={x.name}
			onBack={back}
			foot={
				refused ? (
					<Button kind="primary" onPress={() => go("/shops/new")}>
						{say(s.applyAgain)}
					</Button>
				) : undefined
			}
		>
			<Verdict tone={refused ? "bad" : "wait"} icon={refused ? "warn" : "clock"} title={say(refused ? s.refused : s.waiting)} text={refused ? x.sentence : say(s.waitingText)} />
			<About shop={x} />
		</Screen>
	);
}

function About({ shop: x }: { shop: ShopView }) {
	return (
		<section class="card stack">
			<Facts>
				{x.words && <Fact name={say(s.words)}>{x.words}</Fact>}
				<Fact name={say(s.name)}>{x.name}</Fact>
				<Fact name={say(s.kind)}>{say(kinds[x.kind] ?? s.shop)}</Fact>
				{x.category && <Fact name={say(s.soldHere)}>{x.category}</Fact>}
				<Fact name={say(s.appliedAt)}>{moment(x.createdAt)}</Fact>
				{x.decidedAt > 0 && <Fact name={say(s.decidedAt)}>{moment(x.decidedAt)}</Fact>}
			</Facts>
			{x.mchid && <Copyable label={say(s.mchid)} value={x.mchid} />}
			{x.picture.length > 0 && <Picture data={x.picture} label={say(s.picture)} />}
		</section>
	);
}

// Open is a shop that is paid by its code.
function Open({ shop: x, at }: { shop: ShopView; at: number }) {
	return (
		<Screen title={x.name} onBack={back} wide>
			<div class="cols">
				<div class="stack">
					<section class="card stack tight">
						<span class="small">{say(s.takings)}</span>
						<Amount fen={x.takings} size="display" />
						<p class="small" id="as-of">{say(connected.value && !away.value ? w.live : w.asOf(clock(at)))}</p>
						<p class="small">{say(s.takingsText)}</p>
						<Button kind="primary" id="take" disabled={x.takings === 0} onPress={() => go(`/takings/${x.shop}`)}>
							{say(x.takings === 0 ? s.nothing : s.take)}
						</Button>
					</section>
					<section class="card stack">
						<h2>{say(s.code)}</h2>
						<QR text={x.link} label={say(s.code)} />
						<p class="small center">{say(s.codeText)}</p>
						<Copyable label={say(s.link)} value={x.link} />
					</section>
				</div>
				<div class="stack">
					<Sheets shop={x.shop} />
					<Rows>
						<Row icon="phone" title={say(s.work)} note={say(s.signInHow)} href="/work" />
					</Rows>
					<About shop={x} />
				</div>
			</div>
		</Screen>
	);
}

// Paper is a form in which the printed code can be had.
interface Paper {
	id: string;
	title: Text;
	format: string;
	paper: string;
}

const papers: Paper[] = [
	{ id: "a6", title: s.a6, format: "pdf", paper: "a6" },
	{ id: "a4", title: s.a4, format: "pdf", paper: "a4" },
	{ id: "png", title: s.png, format: "png", paper: "" },
	{ id: "svg", title: s.svg, format: "svg", paper: "" },
];

// Sheets hands out what is to be printed.
function Sheets({ shop }: { shop: string }) {
	const drawing = useSignal("");
	const failed = useSignal<Trouble | undefined>(undefined);
	const fetched = async (p: Paper) => {
		if (drawing.value) return;
		drawing.value = p.id;
		failed.value = undefined;
		try {
			const sheet = await call("ShowShopSheet", { shop, format: p.format, paper: p.paper });
			save(`shop-${shop}-${p.id}.${p.format}`, sheet.mediaType, sheet.data as Uint8Array<ArrayBuffer>);
		} catch (e) {
			note(e);
			failed.value = trouble(e);
		} finally {
			drawing.value = "";
		}
	};
	return (
		<section class="stack tight" id="sheets">
			<h2>{say(s.print)}</h2>
			{failed.value && <Sorry trouble={failed.value} title={s.noSheet} />}
			<Rows>
				{papers.map((p) => (
					<Row icon="bill" title={say(p.title)} value={drawing.value === p.id ? <span class="spinner" /> : p.format.toUpperCase()} onPress={() => void fetched(p)} />
				))}
			</Rows>
		</section>
	);
}
