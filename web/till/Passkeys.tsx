import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Banner } from "../ui/State";
import { day } from "../ui/time";
import { same, say, type Text } from "../ui/words";
import { Lost, Refused } from "../wire/outcome";
import { able, created, Declined } from "../wire/passkey";
import type { StaffShown } from "./api.gen";
import { call } from "./call";
import { t } from "./words";

function why(e: unknown): Text {
	if (e instanceof Declined) return e.why === "address" ? t.passkeyAddress : e.why === "exists" ? t.passkeyExists : t.passkeyClosed;
	if (e instanceof Refused) return same(e.sentence);
	if (e instanceof Lost) return t.lostSignIn;
	throw e;
}

// label is what a passkey of this device is called.
const label = (): string => (/Android|iPhone|iPad|Windows|Mac OS X|Linux/.exec(navigator.userAgent)?.[0] ?? "till").replace("Mac OS X", "Mac");

// Passkeys is what whoever works here signs in with the next time.
export function Passkeys() {
	const me = useSignal<StaffShown | undefined>(undefined);
	const busy = useSignal(false);
	const failed = useSignal<Text | undefined>(undefined);
	const tried = async (f: () => Promise<StaffShown>) => {
		busy.value = true;
		failed.value = undefined;
		try {
			me.value = await f();
		} catch (e) {
			failed.value = why(e);
		} finally {
			busy.value = false;
		}
	};
	const add = async (): Promise<StaffShown> => {
		const asked = await call("BeginMemberPasskey", {});
		return call("AddMemberPasskey", { token: asked.token, credential: await created(asked.options), label: label() });
	};
	useEffect(() => void tried(() => call("WhoAmI", {})), []);
	if (!able() && !me.value?.passkeys.length) return null;
	return (
		<section class="stack">
			<h2>{say(t.passkeys)}</h2>
			<p class="small">{say(t.passkeysText)}</p>
			{failed.value && <Banner tone="bad">{say(failed.value)}</Banner>}
			<ul class="list">
				{me.value?.passkeys.map((k) => (
					<li>
						<div class="line">
							<span class="what">
								<span class="title">
									<bdi>{k.label}</bdi>
								</span>
								<span class="note">{say(t.passkeySince(day(k.addedAt)))}</span>
							</span>
							<button type="button" class="round" aria-label={say(t.removePasskey(k.label))} onClick={() => void tried(() => call("EndMemberPasskey", { credential: k.credential }))}>
								<Icon name="trash" />
							</button>
						</div>
					</li>
				))}
			</ul>
			{able() && (
				<Button icon="lock" id="add-passkey" busy={busy.value} onPress={() => void tried(add)}>
					{say(t.addPasskey)}
				</Button>
			)}
		</section>
	);
}
