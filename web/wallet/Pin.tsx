import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { PinPad } from "../ui/PinPad";
import { Sheet } from "../ui/Sheet";
import { clock } from "../ui/time";
import { say } from "../ui/words";
import { call, Refused } from "./call";
import { wallet } from "./state";
import { trouble } from "./trouble";
import { w } from "./words";

export interface AskPinProps {
	open: boolean;
	// label says what the PIN is for: the verb, the amount and who gets it.
	label: string;
	onClose: () => void;
	// onGrant gets the number by which the next act names the PIN.
	onGrant: (grant: string) => void;
	children?: ComponentChildren;
}

// AskPin asks for the PIN over the page whose amount it is for.
export function AskPin({ open, label, onClose, onGrant, children }: AskPinProps) {
	const busy = useSignal(false);
	const wrong = useSignal<string | undefined>(undefined);
	const check = async (pin: string) => {
		busy.value = true;
		wrong.value = undefined;
		try {
			const { grant } = await call("CheckPin", { pin });
			onGrant(grant);
		} catch (e) {
			wrong.value = trouble(e).text;
			if (e instanceof Refused && e.code === "pin_locked" && wallet.value?.pinLockedUntil) wrong.value = say(w.lockedUntil(clock(wallet.value.pinLockedUntil)));
		} finally {
			busy.value = false;
		}
	};
	return (
		<Sheet open={open} title={say(w.pinTitle)} onClose={onClose}>
			{children}
			<PinPad label={label} error={wrong.value} busy={busy.value} onPin={check} />
		</Sheet>
	);
}
