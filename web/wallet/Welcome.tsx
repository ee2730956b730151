import { useSignal } from "@preact/signals";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { Screen } from "../ui/Screen";
import { Countdown } from "../ui/State";
import { say, together, type Text } from "../ui/words";
import { newID } from "../wire/begun";
import { call } from "./call";
import { deviceLabel } from "./label";
import { NewPin } from "./NewPin";
import { deviceID, newKey, point } from "./sign";
import { device, refresh, removed } from "./state";
import { put, type Device } from "./store";
import { trouble } from "./trouble";
import { w } from "./words";

const resendAfter = 30_000;

// newDevice makes this browser's key, and keeps it before it is shown to anybody.
async function newDevice(): Promise<Device> {
	const pair = await newKey();
	const publicKey = await point(pair.publicKey);
	const d: Device = { key: pair.privateKey, publicKey, id: await deviceID(publicKey), enrolled: false };
	await put("device", d);
	await put("counter", 0);
	return d;
}

// Welcome is the first run: a phone number, a code, a name, a PIN. What was asked for
// meanwhile, a payment or a packet, comes after it.
export function Welcome({ sandbox }: { sandbox: boolean }) {
	const step = useSignal<"phone" | "code" | "pin">("phone");
	const phone = useSignal("");
	const code = useSignal("");
	const name = useSignal("");
	const busy = useSignal(false);
	const wrong = useSignal<{ field: "phone" | "code" | "name"; text: Text } | undefined>(undefined);
	const sentAt = useSignal(0);
	const enrolled = useSignal<Device | undefined>(undefined);

	const tried = async (field: "phone" | "code", f: () => Promise<void>) => {
		busy.value = true;
		wrong.value = undefined;
		try {
			await f();
		} catch (e) {
			const t = trouble(e);
			wrong.value = { field: t.code === "details_needed" || t.code === "text_invalid" ? "name" : field, text: t.text };
		} finally {
			busy.value = false;
		}
	};
	const send = () =>
		tried(step.value === "phone" ? "phone" : "code", async () => {
			await call("SendCode", { phone: phone.value, clientId: newID() });
			sentAt.value = Date.now();
			step.value = "code";
		});
	const enrol = () =>
		tried("code", async () => {
			const d = enrolled.value ?? (await newDevice());
			enrolled.value = d;
			await call("Enrol", { phone: phone.value, code: code.value.trim(), publicKey: d.publicKey, label: deviceLabel(), name: name.value.trim() }, d);
			await put("device", { ...d, enrolled: true });
			removed.value = false;
			enrolled.value = { ...d, enrolled: true };
			const view = await call("ShowWallet", {}, d).catch(() => undefined);
			if (view && !view.hasPin) step.value = "pin";
			else enter();
		});
	const enter = () => {
		device.value = enrolled.value ?? null;
		void refresh();
	};

	if (step.value === "pin") return <NewPin onDone={enter} onSkip={enter} />;
	const error = (f: "phone" | "code" | "name") => (wrong.value?.field === f ? say(wrong.value.text) : undefined);
	return (
		<Screen title={say(w.name)}>
			<form
				class="stack"
				onSubmit={(e) => {
					e.preventDefault();
					if (!busy.value) void (step.value === "phone" ? send() : enrol());
				}}
			>
				<div class="intro">
					<h2>{say(w.welcome)}</h2>
					<p>{say(w.welcomeText)}</p>
				</div>
				{step.value === "phone" ? (
					<>
						<Field label={say(w.phone)} value={phone} type="tel" inputMode="tel" autocomplete="tel" name="phone" maxLength={20} error={error("phone")} autofocus />
						<Button kind="primary" submit busy={busy.value} disabled={phone.value.trim() === ""} onPress={() => {}}>
							{say(w.sendCode)}
						</Button>
					</>
				) : (
					<>
						<Field
							label={say(w.code)}
							value={code}
							inputMode="numeric"
							autocomplete="one-time-code"
							name="code"
							maxLength={6}
							hint={together(say(w.codeSent(phone.value)), sandbox ? say(w.codeConsole) : "")}
							error={error("code")}
							autofocus
						/>
						<Field label={say(w.yourName)} value={name} autocomplete="name" name="name" maxLength={40} hint={say(w.nameHint)} error={error("name")} />
						<Button kind="primary" submit busy={busy.value} disabled={code.value.trim().length !== 6} onPress={() => {}}>
							{say(w.openWallet)}
						</Button>
						<Resend sentAt={sentAt.value} busy={busy.value} onSend={() => void send()} />
						<Button kind="quiet" onPress={() => (step.value = "phone")}>
							{say(w.otherNumber)}
						</Button>
					</>
				)}
			</form>
		</Screen>
	);
}

function Resend({ sentAt, busy, onSend }: { sentAt: number; busy: boolean; onSend: () => void }) {
	const over = useSignal(0);
	if (over.value !== sentAt) {
		return (
			<p class="small center">
				<Countdown until={sentAt + resendAfter} onOver={() => (over.value = sentAt)} words={w.resendIn} />
			</p>
		);
	}
	return (
		<Button kind="quiet" busy={busy} onPress={onSend}>
			{say(w.resend)}
		</Button>
	);
}
