import { lazy } from "./lazy";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Amount } from "../ui/Amount";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { Days } from "../ui/List";
import { parse, yuan } from "../ui/money";
import { Screen } from "../ui/Screen";
import { Copyable, Skeleton, Verdict } from "../ui/State";
import { clock } from "../ui/time";
import { say, told, type Text } from "../ui/words";
import { begin, live } from "./acts";
import { newID } from "../wire/begun";
import type { PacketLine, PacketView } from "./api.gen";
import { call } from "./call";
import { back, go } from "./nav";
import { AskPin } from "./Pin";
import { guarded, note, refresh, wallet } from "./state";
import { about } from "./codes";
import { Sorry, trouble, type Trouble } from "./trouble";
import { w } from "./words";

const QR = lazy(() => import("../ui/Code").then((m) => m.QR));

const mostShares = 500;
const mostEach = 200_00;

// sharesFit says whether a total can be cut into so many shares.
export const sharesFit = (total: number, count: number): boolean => count >= 1 && count <= mostShares && total >= count && total <= count * mostEach;

// Packets makes a packet, opens one, and lists those that were sent from here.
export function Packets() {
	const lucky = useSignal(true);
	const count = useSignal("3");
	const total = useSignal("");
	const link = useSignal("");
	const pin = useSignal(false);
	const busy = useSignal(false);
	const failed = useSignal<Trouble | undefined>(undefined);
	const wrongLink = useSignal<Text | undefined>(undefined);
	const words = useSignal("");
	const sent = useSignal<PacketLine[]>([]);
	const id = useSignal(newID());
	useEffect(() => {
		void refresh();
		call("ListPackets", {}).then((p) => (sent.value = p.packets), note);
	}, []);
	const v = wallet.value;
	const fen = parse(total.value) ?? 0;
	const n = /^\d{1,3}$/.test(count.value) ? Number(count.value) : 0;
	const fits = sharesFit(fen, n);
	const low = v !== undefined && fen > v.balance;
	const request = () => ({ clientId: id.value, count: n, total: fen, lucky: lucky.value, ...(words.value ? { words: words.value } : {}) });
	const send = async (grant?: string) => {
		busy.value = true;
		pin.value = false;
		try {
			await begin({
				id: id.value, kind: "ThrowPacket", amount: fen, who: "", what: "",
				request: { ...request(), ...(grant ? { grant } : {}) },
			});
			go(`/act/${id.value}`, true);
		} catch (e) {
			failed.value = trouble(e);
		} finally {
			busy.value = false;
		}
	};
	const press = () => (v && guarded.value && fen > v.freeLimit ? (pin.value = true) : void send());
	const openOne = () => {
		const what = about(link.value);
		if (what.kind === "packet") go(`/packet#${what.link}`);
		else if (/^\d+(\.[0-9a-f]+)?$/.test(link.value.trim())) go(`/packet#${link.value.trim()}`);
		else wrongLink.value = w.packetNoneText;
	};
	return (
		<Screen
			title={say(w.newPacket)}
			onBack={back}
			foot={
				<Button kind="primary" id="pay" busy={busy.value} disabled={!fits || low} onPress={press}>
					{fen > 0 ? say(w.fill(yuan(fen))) : say(w.newPacket)}
				</Button>
			}
		>
			<div class="tabs" role="group" aria-label={say(w.packet)}>
				<button type="button" aria-pressed={lucky.value} onClick={() => (lucky.value = true)}>
					{say(w.lucky)}
				</button>
				<button type="button" aria-pressed={!lucky.value} onClick={() => (lucky.value = false)}>
					{say(w.equal)}
				</button>
			</div>
			<Field label={say(w.total)} value={total} inputMode="decimal" name="total" placeholder="0.00" error={low && v ? say(w.tooMuch(yuan(v.balance))) : undefined} />
			<Field label={say(w.count)} value={count} inputMode="numeric" name="count" maxLength={3} hint={say(w.tooSmall)} />
			<Field label={say(w.words)} value={words} name="words" maxLength={60} />
			{failed.value && <Sorry trouble={failed.value} title={w.notDone} />}
			<form
				class="stack tight"
				onSubmit={(e) => {
					e.preventDefault();
					openOne();
				}}
			>
				<h2>{say(w.openOne)}</h2>
				<Field label={say(w.pasteLink)} value={link} name="link" error={told(wrongLink.value)} />
				{link.value.trim() !== "" && (
					<Button submit onPress={() => {}}>
						{say(w.go)}
					</Button>
				)}
			</form>
			{sent.value.length > 0 && (
				<section class="stack tight">
					<h2>{say(w.mine)}</h2>
					<Days
						headed={false}
						entries={sent.value.map((p) => ({
							key: p.packet, at: p.at, title: say(p.lucky ? w.lucky : w.equal), note: say(w.taken(p.taken, p.count)), amount: -p.total, icon: "packet" as const, href: `/packet#${p.link}`,
						}))}
					/>
				</section>
			)}
			<AskPin open={pin.value} label={say(w.enterPin(yuan(fen)))} about={() => ({ throwPacket: request() })} onClose={() => (pin.value = false)} onGrant={(g) => void send(g)} />
		</Screen>
	);
}

const nonceBytes = 16;

// PacketPage is a packet behind its link: closed, or with its shares.
export function PacketPage({ link }: { link: string }) {
	const packet = useSignal<PacketView | undefined>(undefined);
	const failed = useSignal<Trouble | undefined>(undefined);
	const opening = useSignal(false);
	const joy = useSignal(false);
	const look = async () => {
		failed.value = undefined;
		try {
			packet.value = await call("ShowPacket", { link });
		} catch (e) {
			note(e);
			failed.value = trouble(e);
		}
	};
	useEffect(() => void look(), [link]);
	const opened = live.value.find((a) => a.id === `open-${link}`);
	useEffect(() => {
		if (opened && opened.state !== "sending") {
			joy.value = opening.value;
			opening.value = false;
			void look();
		}
	}, [opened?.state]);
	const p = packet.value;
	if (failed.value) {
		return (
			<Screen title={say(w.packet)} onBack={back} foot={<Button onPress={() => go("/", true)}>{say(w.home)}</Button>}>
				<Sorry trouble={failed.value.code === "packet_not_found" ? { ...failed.value, text: w.packetNoneText } : failed.value} title={failed.value.code ? w.packetNone : w.noAnswer} retry={() => void look()} />
			</Screen>
		);
	}
	if (!p) {
		return (
			<Screen title={say(w.packet)} onBack={back}>
				<Skeleton />
			</Screen>
		);
	}
	const open = async () => {
		opening.value = true;
		const nonce = crypto.getRandomValues(new Uint8Array(nonceBytes));
		await begin({ id: `open-${link}`, kind: "OpenPacket", amount: 0, who: "", what: "", request: { link, nonce } });
	};
	if (p.mine === 0 && p.state === "open" && !p.link) {
		return (
			<Screen title={say(w.packet)} onBack={back}>
				<section class="packet closed">
					<h2>{p.words ? <bdi>{p.words}</bdi> : say(w.forYou)}</h2>
					<button type="button" id="open" class="seal" aria-busy={opening.value} onClick={() => !opening.value && void open()}>
						{opening.value ? <span class="spinner" role="img" aria-label={say(w.opening)} /> : say(w.open)}
					</button>
					{opened?.state === "refused" && <p role="alert">{opened.sentence}</p>}
				</section>
			</Screen>
		);
	}
	return (
		<Screen title={say(w.packet)} onBack={back}>
			<section class={`packet opened ${joy.value ? "joy" : ""}`}>
				{p.mine > 0 ? (
					<>
						<h2>{say(w.yours)}</h2>
						<Amount fen={p.mine} size="display" />
					</>
				) : (
					<>
						<h2>{say(p.state === "open" ? w.thrown : w.packetOver)}</h2>
						<Amount fen={p.total} size="display" />
					</>
				)}
				{p.words && (
					<p>
						<bdi>{p.words}</bdi>
					</p>
				)}
				<p>{say(w.taken(p.taken.length, p.count))}</p>
			</section>
			{p.link && p.state === "open" && <ShareLink link={p.link} />}
			<Shares p={p} />
		</Screen>
	);
}

function ShareLink({ link }: { link: string }) {
	const url = `${location.origin}/packet#${link}`;
	return (
		<section class="card stack">
			<QR text={url} label={say(w.packetLink)} />
			<p class="small center">{say(w.packetText)}</p>
			<Copyable label={say(w.packetLink)} value={url} />
			{"share" in navigator && (
				<Button icon="share" onPress={() => void navigator.share({ url }).catch(() => {})}>
					{say(w.shareIt)}
				</Button>
			)}
		</section>
	);
}

function Shares({ p }: { p: PacketView }) {
	if (p.taken.length === 0) return null;
	return (
		<section class="stack tight">
			<h2>{say(w.people)}</h2>
			<ul class="list">
				{p.taken.map((t) => (
					<li>
						<div class="line">
							<span class="tile" aria-hidden="true">
								{[...t.name].pop() ?? "?"}
							</span>
							<span class="what">
								<span class="title">
									<bdi>{t.name}</bdi>
								</span>
								<span class="note">
									{clock(t.at)}
									{t.luckiest && ` · ${say(w.luckiest)}`}
								</span>
							</span>
							<Amount fen={t.amount} />
						</div>
					</li>
				))}
			</ul>
		</section>
	);
}

// PacketAstray is for a packet's address without its link.
export function PacketAstray() {
	return (
		<Screen title={say(w.packet)} onBack={back}>
			<Verdict tone="info" icon="packet" title={say(w.packetNone)} text={say(w.packetNoneText)}>
				<Button onPress={() => go("/", true)}>{say(w.home)}</Button>
			</Verdict>
		</Screen>
	);
}
