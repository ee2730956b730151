import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { Screen } from "../ui/Screen";
import { Banner, Verdict } from "../ui/State";
import { same, say, told, type Text } from "../ui/words";
import { Lost, Refused } from "../wire/outcome";
import { call } from "./call";
import { ScanSheet } from "./parts";
import { ended, sessionBegun, tokenIn } from "./session";
import { t } from "./words";

// life is how long a till stays signed in, seconds: a day at the counter.
const life = 16 * 3600;

// SignIn takes a member's token: from the address, the camera, a hand scanner, pasted.
export function SignIn({ token }: { token: string | undefined }) {
	const text = useSignal("");
	const busy = useSignal(false);
	const scan = useSignal(false);
	const said = useSignal<Text | undefined>(undefined);
	const enter = async (from: string) => {
		const found = tokenIn(from);
		if (!found) {
			said.value = t.tokenWrong;
			return;
		}
		scan.value = false;
		busy.value = true;
		said.value = undefined;
		try {
			await call("SignIn", { lifeS: life, label: "till", cookie: true }, found);
			await sessionBegun();
		} catch (e) {
			if (!(e instanceof Lost || e instanceof Refused)) throw e;
			said.value = e instanceof Refused ? same(e.sentence) : t.lostSignIn;
		} finally {
			busy.value = false;
		}
	};
	useEffect(() => {
		if (token) void enter(token);
	}, [token]);
	return (
		<Screen title={say(t.signIn)}>
			{ended.value && <Banner tone="info">{say(t.signInEnded)}</Banner>}
			{busy.value ? (
				<Verdict tone="wait" title={say(t.signingIn)} />
			) : (
				<>
					<p>{say(t.signInText)}</p>
					<Button icon="camera" onPress={() => (scan.value = true)}>
						{say(t.withCamera)}
					</Button>
					<form
						class="stack"
						onSubmit={(e) => {
							e.preventDefault();
							void enter(text.value);
						}}
					>
						<Field label={say(t.token)} value={text} name="token" maxLength={200} error={told(said.value)} autofocus onChange={() => (said.value = undefined)} />
						<Button submit kind="primary" disabled={text.value.trim() === ""} onPress={() => {}}>
							{say(t.signInDo)}
						</Button>
					</form>
				</>
			)}
			<ScanSheet open={scan.value} title={t.signIn} aim={t.signInAim} onText={(x) => void enter(x)} onClose={() => (scan.value = false)} />
		</Screen>
	);
}
