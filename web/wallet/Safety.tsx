import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../ui/Button";
import { Row, Rows } from "../ui/List";
import { Meter } from "../ui/Meter";
import { yuan } from "../ui/money";
import { Screen } from "../ui/Screen";
import { Sheet } from "../ui/Sheet";
import { Fact, Facts, Skeleton, Verdict } from "../ui/State";
import { TextBox } from "../ui/TextBox";
import { clock, day, moment } from "../ui/time";
import { say } from "../ui/words";
import { newID } from "../wire/begun";
import type { BlockView, PasskeyView, WalletView } from "./api.gen";
import { call } from "./call";
import { deviceLabel } from "./label";
import { back, go } from "./nav";
import { able, add, Declined, make, type Made } from "./passkey";
import { AskPin } from "./Pin";
import { s } from "./safewords";
import { guarded, note, refresh, wallet } from "./state";
import { Sorry, trouble, type Trouble } from "./trouble";
import { w } from "./words";

function Waiting({ title }: { title: string }) {
	return (
		<Screen title={title} onBack={back}>
			<Skeleton />
		</Screen>
	);
}

// wordsOf is what went wrong with a passkey.
function wordsOf(e: unknown): Trouble {
	if (!(e instanceof Declined)) {
		note(e);
		return trouble(e);
	}
	if (e.why === "address") return { tone: "info", title: s.address, text: s.addressText };
	return { tone: "info", text: e.why === "exists" ? s.exists : s.closed };
}

// PasskeysPage adds and removes what stands in for the PIN.
export function PasskeysPage() {
	const busy = useSignal(false);
	const failed = useSignal<Trouble | undefined>(undefined);
	const made = useSignal<Made | undefined>(undefined);
	const ending = useSignal<PasskeyView | undefined>(undefined);
	useEffect(() => void refresh(), []);
	const tried = async (f: () => Promise<void>) => {
		busy.value = true;
		failed.value = undefined;
		try {
			await f();
		} catch (e) {
			failed.value = wordsOf(e);
		} finally {
			busy.value = false;
		}
	};
	const finish = (m: Made, grant?: string) =>
		tried(async () => {
			made.value = undefined;
			await add(m, grant);
		});
	// The authenticator makes the key first: a grant is for the one that was made.
	const begin = () =>
		tried(async () => {
			const m = await make(deviceLabel());
			if (guarded.value) made.value = m;
			else await add(m);
		});
	const v = wallet.value;
	if (!v) return <Waiting title={say(w.passkeys)} />;
	return (
		<Screen
			title={say(w.passkeys)}
			onBack={back}
			foot={
				able() ? (
					<Button kind="primary" id="add-passkey" busy={busy.value} onPress={() => void begin()}>
						{say(s.addPasskey)}
					</Button>
				) : undefined
			}
		>
			<p>{say(s.passkeyText)}</p>
			{!able() && <Verdict tone="info" icon="lock" title={say(s.unable)} text={say(s.unableText)} />}
			{failed.value && <Sorry trouble={failed.value} title={failed.value.code === "passkeys_off" ? s.off : w.notDone} />}
			{v.passkeys.length > 0 ? (
				<Rows>
					{v.passkeys.map((k) => (
						<Row icon="lock" title={k.label} note={`${say(s.added(day(k.addedAt)))} · ${k.usedAt ? say(s.usedAt(day(k.usedAt))) : say(s.unused)}`} onPress={() => (ending.value = k)} />
					))}
				</Rows>
			) : (
				able() && <p class="small">{say(s.none)}</p>
			)}
			{made.value && (
				<AskPin open label={say(s.addText)} about={() => ({ addPasskey: { ...(made.value as Made) } })} onClose={() => (made.value = undefined)} onGrant={(g) => void finish(made.value as Made, g)} />
			)}
			<EndPasskey key={ending.value?.label} passkey={ending.value} onClose={() => (ending.value = undefined)} />
		</Screen>
	);
}

function EndPasskey({ passkey: k, onClose }: { passkey: PasskeyView | undefined; onClose: () => void }) {
	const asking = useSignal(false);
	const failed = useSignal<Trouble | undefined>(undefined);
	const end = async (grant: string) => {
		asking.value = false;
		if (!k) return;
		try {
			wallet.value = await call("EndPasskey", { credential: k.credential, grant });
			onClose();
		} catch (e) {
			failed.value = wordsOf(e);
		}
	};
	return (
		<Sheet dialog open={k !== undefined} title={say(s.endTitle)} onClose={onClose}>
			<p>{say(s.endQ(k?.label ?? ""))}</p>
			{failed.value && <Sorry trouble={failed.value} title={w.notDone} />}
			<Button kind="danger" id="end-passkey" onPress={() => (asking.value = true)}>
				{say(s.end)}
			</Button>
			<Button onPress={onClose}>{say(w.cancel)}</Button>
			{k && <AskPin open={asking.value} label={say(s.endQ(k.label))} about={() => ({ endPasskey: { credential: k.credential } })} onClose={() => (asking.value = false)} onGrant={(g) => void end(g)} />}
		</Sheet>
	);
}

// LimitsPage is how much may go, and how much of it is used.
export function LimitsPage() {
	useEffect(() => void refresh(), []);
	const v = wallet.value;
	if (!v) return <Waiting title={say(w.limits)} />;
	const own = v.devices.find((d) => d.this);
	return (
		<Screen title={say(w.limits)} onBack={back}>
			<p>{say(s.limitsText)}</p>
			{own && own.trustedAt > Date.now() && <Verdict tone="info" icon="clock" title={say(s.freshDevice(`${day(own.trustedAt)} ${clock(own.trustedAt)}`))} />}
			<Used name={say(s.today)} used={v.spentDay} of={v.perDay} hint={say(s.todayEnds)} />
			<Used name={say(s.year)} used={v.spentYear} of={v.perYear} />
			<div class="card">
				<Facts>
					<Fact name={say(s.perAct)}>{yuan(v.perAct)}</Fact>
				</Facts>
			</div>
			<Rows>
				<Row icon="info" title={say(s.free)} href="/settings/free" value={yuan(v.freeLimit)} />
			</Rows>
			<p class="small">{say(s.more)}</p>
		</Screen>
	);
}

function Used({ name, used, of, hint }: { name: string; used: number; of: number; hint?: string }) {
	return (
		<section class="card stack tight">
			<Facts>
				<Fact name={name}>{say(w.usedOf(yuan(used), yuan(of)))}</Fact>
			</Facts>
			<Meter used={used} of={of} label={name} />
			<p class="small">
				{say(s.left(yuan(Math.max(0, of - used))))}
				{hint ? ` · ${hint}` : ""}
			</p>
		</section>
	);
}

const maxAppeal = 500;

// BlockPage is why this person can't pay, what still works, and their word against it.
export function BlockPage() {
	useEffect(() => void refresh(), []);
	const v: WalletView | undefined = wallet.value;
	if (!v) return <Waiting title={say(w.blocked)} />;
	const block = v.block;
	if (!block) {
		return (
			<Screen title={say(w.blocked)} onBack={back}>
				<Verdict tone="good" title={say(s.free2)}>
					<Button onPress={() => go("/", true)}>{say(w.home)}</Button>
				</Verdict>
			</Screen>
		);
	}
	return (
		<Screen title={say(w.blocked)} onBack={back}>
			<Verdict tone="bad" icon="lock" title={say(w.blocked)} text={block.sentence} code={block.why === "unsaid" ? undefined : block.why} />
			<div class="card">
				<Facts>
					{block.since > 0 && <Fact name={say(s.since)}>{moment(block.since)}</Fact>}
				</Facts>
			</div>
			<section class="stack tight">
				<h2>{say(s.works)}</h2>
				<p>{say(s.worksText)}</p>
			</section>
			<Appealed block={block} />
			{block.appeal !== "open" && <AppealForm again={block.appeal !== ""} />}
		</Screen>
	);
}

function Appealed({ block }: { block: BlockView }) {
	if (!block.appeal) return null;
	const title = block.appeal === "open" ? s.appealed : block.appeal === "granted" ? s.grantedAppeal : s.refusedAppeal;
	return (
		<section class="card stack tight">
			<Verdict tone={block.appeal === "open" ? "wait" : block.appeal === "granted" ? "good" : "info"} icon={block.appeal === "open" ? "clock" : "info"} title={say(title)} text={block.answer || undefined} />
			<Facts>
				<Fact name={say(s.appealedAt)}>{moment(block.appealedAt)}</Fact>
			</Facts>
		</section>
	);
}

function AppealForm({ again }: { again: boolean }) {
	const words = useSignal("");
	const id = useSignal(newID());
	const busy = useSignal(false);
	const failed = useSignal<Trouble | undefined>(undefined);
	const send = async () => {
		busy.value = true;
		failed.value = undefined;
		try {
			wallet.value = await call("Appeal", { clientId: id.value, words: words.value.trim() });
		} catch (e) {
			note(e);
			failed.value = trouble(e);
		} finally {
			busy.value = false;
		}
	};
	return (
		<form
			class="stack"
			onSubmit={(e) => {
				e.preventDefault();
				if (!busy.value && words.value.trim()) void send();
			}}
		>
			<h2>{say(again ? s.again : s.appeal)}</h2>
			<TextBox label={say(s.appealText)} value={words} maxLength={maxAppeal} name="appeal" />
			{failed.value && <Sorry trouble={failed.value} title={w.notDone} />}
			<Button kind="primary" id="appeal" submit busy={busy.value} disabled={words.value.trim() === ""} onPress={() => {}}>
				{say(s.sendAppeal)}
			</Button>
		</form>
	);
}
