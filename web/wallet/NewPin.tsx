import { useSignal } from "@preact/signals";
import { Button } from "../ui/Button";
import { PinPad } from "../ui/PinPad";
import { Screen } from "../ui/Screen";
import { say, told, type Text } from "../ui/words";
import { call } from "./call";
import { ask, Declined } from "./passkey";
import { wallet } from "./state";
import { trouble } from "./trouble";
import { w } from "./words";

// tooEasy is what the platform refuses too: one digit six times, or six in a row.
export const tooEasy = (pin: string): boolean => /^(\d)\1{5}$/.test(pin) || "01234567890".includes(pin) || "09876543210".includes(pin);

const blindBytes = 16;

// NewPin sets a PIN, typed twice. grant is of the one that it replaces.
export function NewPin({ grant, onDone, onSkip, onBack }: { grant?: string; onDone: () => void; onSkip?: () => void; onBack?: () => void }) {
	const first = useSignal("");
	const wrong = useSignal<Text | undefined>(undefined);
	const busy = useSignal(false);
	const take = async (pin: string) => {
		wrong.value = undefined;
		if (first.value === "") {
			if (tooEasy(pin)) wrong.value = w.pinEasy;
			else first.value = pin;
			return;
		}
		if (first.value !== pin) {
			first.value = "";
			wrong.value = w.pinsDiffer;
			return;
		}
		busy.value = true;
		try {
			const request = { pin, blind: crypto.getRandomValues(new Uint8Array(blindBytes)) };
			// A PIN beside a passkey is the passkey's to allow.
			const allowed = grant ?? ((wallet.value?.passkeys.length ?? 0) > 0 && !wallet.value?.hasPin ? await ask({ setPin: request }) : undefined);
			wallet.value = await call("SetPin", { ...request, ...(allowed ? { grant: allowed } : {}) });
			onDone();
		} catch (e) {
			first.value = "";
			wrong.value = e instanceof Declined ? w.passkeyClosed : trouble(e).text;
		} finally {
			busy.value = false;
		}
	};
	return (
		<Screen title={say(w.pin)} onBack={onBack}>
			<PinPad label={say(first.value === "" ? w.choosePin : w.repeatPin)} error={told(wrong.value)} busy={busy.value} onPin={take} />
			{onSkip && (
				<Button kind="quiet" onPress={onSkip}>
					{say(w.laterPin)}
				</Button>
			)}
		</Screen>
	);
}
