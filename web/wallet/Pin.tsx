import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { Button } from "../ui/Button";
import { PinPad } from "../ui/PinPad";
import { Sheet } from "../ui/Sheet";
import { clock } from "../ui/time";
import { say, told, type Text } from "../ui/words";
import { call, Refused } from "./call";
import { able, ask, Declined, here, type About } from "./passkey";
import { wallet } from "./state";
import { trouble } from "./trouble";
import { w } from "./words";

export interface AskPinProps {
	open: boolean;
	// label says what the PIN is for: the verb, the amount and who gets it.
	label: string;
	// about is the call that a passkey may sign for instead.
	about?: () => About;
	onClose: () => void;
	// onGrant gets the number by which the next act names the PIN or the passkey.
	onGrant: (grant: string) => void;
	children?: ComponentChildren;
}

// AskPin asks for the PIN or a passkey over the page whose amount it is for.
export function AskPin({ open, label, about, onClose, onGrant, children }: AskPinProps) {
	const busy = useSignal(false);
	const wrong = useSignal<Text | undefined>(undefined);
	const check = async (grant: () => Promise<string>) => {
		busy.value = true;
		wrong.value = undefined;
		try {
			onGrant(await grant());
		} catch (e) {
			if (e instanceof Declined) wrong.value = e.why === "closed" ? w.passkeyClosed : w.passkeyAddress;
			else {
				wrong.value = trouble(e).text;
				if (e instanceof Refused && e.code === "pin_locked" && wallet.value?.pinLockedUntil) wrong.value = w.lockedUntil(clock(wallet.value.pinLockedUntil));
			}
		} finally {
			busy.value = false;
		}
	};
	const signs = about !== undefined && able() && (wallet.value?.passkeys.length ?? 0) > 0;
	const sign = () => about && void check(() => ask(about()));
	useEffect(() => {
		wrong.value = undefined;
		if (open && signs) void here().then((is) => is && sign());
	}, [open]);
	return (
		<Sheet open={open} title={say(signs ? w.confirmTitle : w.pinTitle)} onClose={onClose}>
			{children}
			{signs && (
				<>
					{!wallet.value?.hasPin && <p class="center">{label}</p>}
					<Button kind={wallet.value?.hasPin ? "plain" : "primary"} icon="lock" id="passkey" busy={busy.value} onPress={sign}>
						{say(w.usePasskey)}
					</Button>
				</>
			)}
			{wallet.value?.hasPin !== false ? (
				<PinPad label={label} error={told(wrong.value)} busy={busy.value} onPin={(pin) => check(async () => (await call("CheckPin", { pin })).grant)} />
			) : (
				wrong.value && (
					<p class="said wrong" role="alert">
						{say(wrong.value)}
					</p>
				)
			)}
		</Sheet>
	);
}
