import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Amount } from "../ui/Amount";
import { AmountPad } from "../ui/AmountPad";
import { Button } from "../ui/Button";
import { Bars, QR } from "../ui/Code";
import { Choice } from "../ui/Choice";
import { Field } from "../ui/Field";
import { Days, Row, Rows } from "../ui/List";
import { Picture } from "../ui/Picture";
import { PinPad } from "../ui/PinPad";
import { Screen } from "../ui/Screen";
import { Sheet } from "../ui/Sheet";
import { Badge, Banner, Copyable, Countdown, Fact, Facts, Skeleton, Toast, Verdict, Who } from "../ui/State";
import { show, theme } from "../ui/theme";
import { TimeLine } from "../ui/TimeLine";
import { say } from "../ui/words";
import { unbase64 } from "../wire/base64";
import { w } from "./words";

function Part({ name, children }: { name: string; children: ComponentChildren }) {
	return (
		<section class="stack">
			<h2>{name}</h2>
			{children}
		</section>
	);
}

const noop = () => {};

// painted is a tiny picture, nothing is none.
const painted = unbase64("iVBORw0KGgoAAAANSUhEUgAAAAQAAAADCAIAAAA7ljmRAAAAKElEQVR42mPQqGDQqLDRqKjQqNjCEFABRDYBFRUBQE5FBRDZVIDAFgDt9w2ZPry3AwAAAABJRU5ErkJggg==");
const nothing = new Uint8Array(1);

// hostile are texts that break pages which are not ready for them.
const hostile = ["\u202Eevil gnp.exe", "👩‍👩‍👧‍👦 家庭聚餐", "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十", "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"];

// Gallery shows every component in every state; only a sandbox has it, at /ui.
export function Gallery() {
	const typed = useSignal("23.5");
	const text = useSignal("138");
	const chosen = useSignal("dark");
	const sheet = useSignal(false);
	const dialog = useSignal(false);
	const now = Date.now();
	return (
		<Screen title="/ui" onBack={noop} foot={<Button kind="primary" onPress={noop}>{say(w.pay("¥23.00"))}</Button>}>
			<div class="gallery stack">
				<Part name="Amount">
					<Amount fen={1} />
					<Amount fen={-2300} flow />
					<Amount fen={2300} flow />
					<Amount fen={123456} size="title" />
					<Amount fen={999999999} size="display" />
					<Amount fen={-5} size="display" hidden />
				</Part>
				<Part name="Button">
					<Button kind="primary" onPress={noop}>primary</Button>
					<Button kind="primary" busy onPress={noop}>busy</Button>
					<Button kind="primary" disabled onPress={noop}>disabled</Button>
					<Button icon="copy" onPress={noop}>plain</Button>
					<Button kind="quiet" onPress={noop}>quiet</Button>
					<Button kind="danger" onPress={noop}>danger</Button>
				</Part>
				<Part name="Field">
					<Field label={say(w.phone)} value={text} hint={say(w.nameHint)} />
					<Field label={say(w.code)} value={text} error={say(w.noCode)} />
				</Part>
				<Part name="AmountPad">
					<AmountPad shown={typed} />
				</Part>
				<Part name="Choice">
					<Choice label={say(w.theme)} value={chosen} among={{ light: w.light, dark: w.dark }} name="choice" />
				</Part>
				<Part name="Picture">
					<Picture data={painted} label="Picture" />
					<Picture data={nothing} label="No picture" />
				</Part>
				<Part name="PinPad">
					<PinPad label={say(w.choosePin)} onPin={noop} error={say(w.pinsDiffer)} />
					<PinPad label="shuffled" shuffled busy onPin={noop} />
				</Part>
				<Part name="Code">
					<QR text="https://pay.example.com/pay/wx20260301120000ffffffffffffffffffff" label="QR" />
					<Bars text="281234567890123456" label="Code 128" />
				</Part>
				<Part name="Who, Facts, Copyable">
					<Who name="**明" note="138 **** 0001" />
					<Who name="茶铺" shop />
					{hostile.map((h) => (
						<Who name={h} note="bdi" />
					))}
					<Facts>
						<Fact name={say(w.at)}>14:02</Fact>
						<Fact name={say(w.what)}>{hostile[0]}</Fact>
					</Facts>
					<Copyable label={say(w.number)} value="4200000012202603010000000017" />
				</Part>
				<Part name="List">
					<Days
						entries={[
							{ key: "1", at: now, title: "茶铺", note: "付款", amount: -2300, icon: "store", href: "/ui" },
							{ key: "2", at: now - 60_000, title: hostile[2] ?? "", amount: 999999999, icon: "came" },
							{ key: "3", at: now - 86_400_000, title: hostile[0] ?? "", amount: -1, icon: "transfer" },
						]}
						onMore={noop}
					/>
					<Rows>
						<Row title="PIN" icon="lock" value="Set" onPress={noop} />
						<Row title="Android · Chrome" note={say(w.thisDevice)} icon="phone" />
					</Rows>
				</Part>
				<Part name="TimeLine">
					<TimeLine
						steps={[
							{ what: "Agreed", at: now - 2000, state: "done" },
							{ what: "Paid", at: now - 1000, state: "done", note: "entry 17" },
							{ what: "Telling the shop", at: now, state: "now" },
							{ what: "Refused", at: now, state: "failed" },
							{ what: "Refund", state: "next" },
						]}
					/>
				</Part>
				<Part name="Badge, Banner">
					<div class="side">
						<Badge tone="good">paid</Badge>
						<Badge tone="info">closed</Badge>
						<Badge tone="wait">waiting</Badge>
						<Badge tone="bad">refused</Badge>
					</div>
					<Banner tone="wait">{say(w.offlineText)}</Banner>
					<Banner tone="bad">{say(w.blockedText)}</Banner>
				</Part>
				<Part name="Verdict">
					<Verdict tone="good" title={say(w.paid)} text={say(w.nothingCharged)} />
					<Verdict tone="wait" title={say(w.paying)} text={say(w.payingText)} />
					<Verdict tone="bad" title={say(w.notPaid)} text={say(w.offlineText)} code="balance_too_low" />
					<Verdict tone="info" icon="bill" title={say(w.noBills)} text={say(w.noBillsText)} />
				</Part>
				<Part name="Skeleton, Countdown">
					<Skeleton />
					<Countdown until={now + 65_000} />
				</Part>
				<Part name="Sheet, Dialog, theme">
					<Button onPress={() => (sheet.value = true)}>Sheet</Button>
					<Button onPress={() => (dialog.value = true)}>Dialog</Button>
					<Button onPress={() => show(theme.value === "dark" ? "light" : "dark")}>{theme.value}</Button>
					<Sheet open={sheet.value} title="Sheet" onClose={() => (sheet.value = false)}>
						<PinPad label={say(w.enterPin("¥23.00"))} onPin={noop} />
					</Sheet>
					<Sheet dialog open={dialog.value} title="Dialog" onClose={() => (dialog.value = false)}>
						<p>{say(w.signOutText)}</p>
					</Sheet>
					<div class="toastbox">
						<Toast text="Toast" />
					</div>
				</Part>
			</div>
		</Screen>
	);
}
