import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { Screen } from "../ui/Screen";
import { Banner, Verdict } from "../ui/State";
import { same, say, told, type Text } from "../ui/words";
import { Lost, Refused } from "../wire/outcome";
import { able, Declined, signed } from "../wire/passkey";
import { draw } from "../wire/signin";
import { ByWallet } from "./ByWallet";
import { call } from "./call";
import { ScanSheet } from "./parts";
import { ended, sessionBegun, tokenIn } from "./session";
import { t } from "./words";

// life is how long a till stays signed in, seconds: a day at the counter.
const life = 16 * 3600;

// why words what a sign-in threw.
function why(e: unknown): Text {
	if (e instanceof Declined) return e.why === "address" ? t.passkeyAddress : t.passkeyClosed;
	if (e instanceof Refused) return same(e.sentence);
	if (e instanceof Lost) return t.lostSignIn;
	throw e;
}

// byPasskey signs in whoever has a passkey here.
async function byPasskey(): Promise<void> {
	const s = await draw();
	const asked = await call("AskSignIn", { hash: s.hash }, "");
	const credential = await signed(asked.options);
	await call("SignInByPasskey", { token: asked.token, credential, secret: s.secret, lifeS: life, label: "till", cookie: true }, "");
}

// SignIn opens the till for somebody: by their wallet, a passkey, or a member's token: from the address, the camera, a hand scanner, pasted.
export function SignIn({ token }: { token: string | undefined }) {
	const text = useSignal("");
	const busy = useSignal(false);
	const scan = useSignal(false);
	const wallet = useSignal(false);
	const said = useSignal<Text | undefined>(undefined);
	const enter = async (from: string) => {
		const found = tokenIn(from);
		if (!found) {
			said.value = t.tokenWrong;
			return;
		}
		scan.value = false;
		await trying(() => call("SignIn", { lifeS: life, label: "till", cookie: true }, found));
	};
	const trying = async (signIn: () => Promise<unknown>) => {
		busy.value = true;
		said.value = undefined;
		try {
			await signIn();
			await sessionBegun();
		} catch (e) {
			said.value = why(e);
		} finally {
			busy.value = false;
		}
	};
	useEffect(() => {
		if (token) void enter(token);
	}, [token]);
	if (wallet.value) return <ByWallet onBack={() => (wallet.value = false)} />;
	return (
		<Screen title={say(t.signIn)}>
			{ended.value && <Banner tone="info">{say(t.signInEnded)}</Banner>}
			{busy.value ? (
				<Verdict tone="wait" title={say(t.signingIn)} />
			) : (
				<>
					<Button kind="primary" icon="phone" id="by-wallet" onPress={() => (wallet.value = true)}>
						{say(t.withWallet)}
					</Button>
					{able() && (
						<Button icon="lock" id="by-passkey" onPress={() => void trying(byPasskey)}>
							{say(t.withPasskey)}
						</Button>
					)}
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
						<Button submit disabled={text.value.trim() === ""} onPress={() => {}}>
							{say(t.signInDo)}
						</Button>
					</form>
				</>
			)}
			<ScanSheet open={scan.value} title={t.signIn} aim={t.signInAim} onText={(x) => void enter(x)} onClose={() => (scan.value = false)} />
		</Screen>
	);
}
