import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { Row, Rows } from "../ui/List";
import { digits, parse, yuan } from "../ui/money";
import { Screen } from "../ui/Screen";
import { Sheet } from "../ui/Sheet";
import { Skeleton, Verdict } from "../ui/State";
import { show as showTheme, theme, type Theme } from "../ui/theme";
import { clock, day } from "../ui/time";
import { lang, say, speak, told, type Text } from "../ui/words";
import { newID } from "../wire/begun";
import type { DeviceView } from "./api.gen";
import { call } from "./call";
import { NewPin } from "./NewPin";
import { back, go } from "./nav";
import { AskPin } from "./Pin";
import { device, note, refresh, wallet } from "./state";
import { forget } from "./store";
import { Sorry, trouble, type Trouble } from "./trouble";
import { w } from "./words";

// Settings is who may use this wallet, up to how much, and how it looks.
export function Settings() {
	const ending = useSignal<DeviceView | undefined>(undefined);
	const leaving = useSignal(false);
	useEffect(() => void refresh(), []);
	const v = wallet.value;
	return (
		<Screen title={say(w.settings)} onBack={back} wide>
			<div class="cols">
				<div class="stack">
					<section class="stack tight">
						<h2>{say(w.security)}</h2>
						<Rows>
							<Row icon="lock" title={say(w.pin)} href="/settings/pin" value={v ? say(v.hasPin ? w.pinSet : w.pinUnset) : undefined} />
							<Row icon="lock" title={say(w.passkeys)} href="/settings/passkeys" value={v ? say(v.passkeys.length > 0 ? w.passkeyCount(v.passkeys.length) : w.pinUnset) : undefined} />
							<Row icon="info" title={say(w.free)} href="/settings/free" value={v ? yuan(v.freeLimit) : undefined} />
						</Rows>
					</section>
					<Rows>
						<Row icon="info" title={say(w.limits)} href="/settings/limits" {...(v ? { note: `${say(w.perDay)} ${say(w.usedOf(yuan(v.spentDay), yuan(v.perDay)))}` } : {})} />
						<Row icon="store" title={say(w.shops)} href="/shops" />
						<Row icon="bill" title={say(w.myReports)} href="/reports" />
						{v?.block && <Row icon="warn" title={say(w.blocked)} href="/block" />}
					</Rows>
					<section class="stack tight">
						<h2>{say(w.devices)}</h2>
						{v ? (
							<Rows>
								{v.devices.map((d) => (
									<Row icon="phone" title={d.label} note={d.this ? say(w.thisDevice) : say(w.since(day(d.addedAt)))} {...(d.this ? {} : { onPress: () => void (ending.value = d) })} />
								))}
							</Rows>
						) : (
							<Skeleton lines={1} />
						)}
					</section>
				</div>
				<div class="stack">
					<section class="stack tight">
						<h2>{say(w.language)}</h2>
						<div class="tabs" role="group" aria-label={say(w.language)}>
							<button type="button" lang="zh-CN" aria-pressed={lang.value === "zh"} onClick={() => speak("zh")}>
								中文
							</button>
							<button type="button" lang="en" aria-pressed={lang.value === "en"} onClick={() => speak("en")}>
								English
							</button>
						</div>
					</section>
					<section class="stack tight">
						<h2>{say(w.theme)}</h2>
						<div class="tabs" role="group" aria-label={say(w.theme)}>
							{(["system", "light", "dark"] satisfies Theme[]).map((t) => (
								<button type="button" aria-pressed={theme.value === t} onClick={() => showTheme(t)}>
									{say(w[t])}
								</button>
							))}
						</div>
					</section>
					<section class="stack tight">
						<h2>{say(w.about)}</h2>
						<p class="small">{say(w.aboutText)}</p>
					</section>
					<Button kind="danger" icon="trash" onPress={() => (leaving.value = true)}>
						{say(w.signOut)}
					</Button>
				</div>
			</div>
			<EndDevice device={ending.value} onClose={() => (ending.value = undefined)} />
			<Leave open={leaving.value} onClose={() => (leaving.value = false)} />
		</Screen>
	);
}

function EndDevice({ device: d, onClose }: { device: DeviceView | undefined; onClose: () => void }) {
	const busy = useSignal(false);
	const asking = useSignal(false);
	const failed = useSignal<Trouble | undefined>(undefined);
	const end = async (grant?: string) => {
		if (!d) return;
		asking.value = false;
		busy.value = true;
		try {
			wallet.value = await call("EndDevice", { device: d.device, ...(grant ? { grant } : {}) });
			onClose();
		} catch (e) {
			const t = trouble(e);
			if (t.code === "pin_needed" && !grant) asking.value = true;
			else failed.value = t;
		} finally {
			busy.value = false;
		}
	};
	return (
		<Sheet dialog open={d !== undefined} title={say(w.endDevice)} onClose={onClose}>
			<p>{say(w.endDeviceQ(d?.label ?? ""))}</p>
			{failed.value && <Sorry trouble={failed.value} title={w.notDone} />}
			<Button kind="danger" busy={busy.value} onPress={() => void end()}>
				{say(w.endDevice)}
			</Button>
			<Button onPress={onClose}>{say(w.cancel)}</Button>
			{d && <AskPin open={asking.value} label={say(w.endDeviceQ(d.label))} about={() => ({ endDevice: { device: d.device } })} onClose={() => (asking.value = false)} onGrant={(g) => void end(g)} />}
		</Sheet>
	);
}

function Leave({ open, onClose }: { open: boolean; onClose: () => void }) {
	const busy = useSignal(false);
	const leave = async () => {
		busy.value = true;
		const own = device.value;
		// Where the platform can't be told, the key is gone all the same.
		if (own) await call("EndDevice", { device: own.id }).catch(() => {});
		await forget();
		location.replace("/");
	};
	return (
		<Sheet dialog open={open} title={say(w.signOut)} onClose={onClose}>
			<p>{say(w.signOutText)}</p>
			<Button kind="danger" busy={busy.value} onPress={() => void leave()}>
				{say(w.signOut)}
			</Button>
			<Button onPress={onClose}>{say(w.cancel)}</Button>
		</Sheet>
	);
}

// PinPage sets the PIN, changes it with the old one, or begins the wait for one that was
// forgotten.
export function PinPage() {
	const grant = useSignal<string | undefined>(undefined);
	const asking = useSignal(false);
	const done = useSignal(false);
	useEffect(() => void refresh(), []);
	const v = wallet.value;
	if (!v) {
		return (
			<Screen title={say(w.pin)} onBack={back}>
				<Skeleton />
			</Screen>
		);
	}
	if (done.value) {
		return (
			<Screen title={say(w.pin)} foot={<Button kind="primary" onPress={back}>{say(w.done)}</Button>}>
				<Verdict tone="good" title={say(w.pinDone)} />
			</Screen>
		);
	}
	const finish = () => {
		done.value = true;
	};
	if (!v.hasPin) return <NewPin onDone={finish} onBack={back} />;
	if (grant.value !== undefined) return <NewPin grant={grant.value} onDone={finish} onBack={back} />;
	const ripe = v.pinResetAt > 0 && v.pinResetAt <= Date.now();
	if (ripe) return <NewPin onDone={finish} onBack={back} />;
	return (
		<Screen
			title={say(w.pin)}
			onBack={back}
			foot={
				<Button kind="primary" onPress={() => (asking.value = true)}>
					{say(w.changePin)}
				</Button>
			}
		>
			<p>{say(w.pinIs)}</p>
			{v.pinLockedUntil > Date.now() && <p role="alert">{say(w.lockedUntil(clock(v.pinLockedUntil)))}</p>}
			{v.pinResetAt > 0 ? <p>{say(w.forgotOn(`${day(v.pinResetAt)} ${clock(v.pinResetAt)}`))}</p> : <Forgot />}
			<AskPin
				open={asking.value}
				label={say(w.oldPin)}
				onClose={() => (asking.value = false)}
				onGrant={(g) => {
					asking.value = false;
					grant.value = g;
				}}
			/>
		</Screen>
	);
}

function Forgot() {
	const open = useSignal(false);
	const phone = useSignal("");
	const code = useSignal("");
	const sent = useSignal(false);
	const busy = useSignal(false);
	const wrong = useSignal<Text | undefined>(undefined);
	const go = async () => {
		busy.value = true;
		wrong.value = undefined;
		try {
			if (!sent.value) {
				await call("SendCode", { phone: phone.value, clientId: newID() });
				sent.value = true;
			} else wallet.value = await call("ForgetPin", { phone: phone.value, code: code.value });
		} catch (e) {
			wrong.value = trouble(e).text;
		} finally {
			busy.value = false;
		}
	};
	if (!open.value) {
		return (
			<Button kind="quiet" onPress={() => (open.value = true)}>
				{say(w.forgot)}
			</Button>
		);
	}
	return (
		<form
			class="stack"
			onSubmit={(e) => {
				e.preventDefault();
				if (!busy.value) void go();
			}}
		>
			<p>{say(w.forgotText)}</p>
			{sent.value ? (
				<Field label={say(w.code)} value={code} inputMode="numeric" autocomplete="one-time-code" maxLength={6} error={told(wrong.value)} />
			) : (
				<Field label={say(w.phone)} value={phone} type="tel" inputMode="tel" maxLength={20} error={told(wrong.value)} />
			)}
			<Button submit busy={busy.value} onPress={() => {}}>
				{say(sent.value ? w.next : w.sendCode)}
			</Button>
		</form>
	);
}

// FreePage chooses up to which amount nothing asks for the PIN.
export function FreePage() {
	const typed = useSignal(wallet.value ? digits(wallet.value.freeLimit) : "");
	const asking = useSignal(false);
	const busy = useSignal(false);
	const wrong = useSignal<Text | undefined>(undefined);
	const fen = parse(typed.value);
	const save = async (grant?: string) => {
		asking.value = false;
		busy.value = true;
		try {
			wallet.value = await call("SetFreeLimit", { limit: fen ?? 0, ...(grant ? { grant } : {}) });
			back();
		} catch (e) {
			note(e);
			const t = trouble(e);
			if (t.code === "pin_needed") asking.value = true;
			else wrong.value = t.text;
		} finally {
			busy.value = false;
		}
	};
	return (
		<Screen
			title={say(w.free)}
			onBack={back}
			foot={
				<Button kind="primary" busy={busy.value} disabled={fen === undefined} onPress={() => void save()}>
					{say(w.save)}
				</Button>
			}
		>
			<Field label={say(w.freeLabel)} value={typed} inputMode="decimal" hint={say(w.freeText)} error={told(wrong.value)} />
			<AskPin open={asking.value} label={say(w.oldPin)} about={() => ({ setFreeLimit: { limit: fen ?? 0 } })} onClose={() => (asking.value = false)} onGrant={(g) => void save(g)} />
			{wallet.value === undefined && (
				<Button kind="quiet" onPress={() => go("/", true)}>
					{say(w.home)}
				</Button>
			)}
		</Screen>
	);
}
