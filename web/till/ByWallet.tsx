import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../ui/Button";
import { QR } from "../ui/Code";
import { Screen } from "../ui/Screen";
import { Banner, Copyable, Skeleton, Verdict } from "../ui/State";
import { same, say, type Text } from "../ui/words";
import { fromJSON, toJSON } from "../wire/json";
import { Lost, Refused } from "../wire/outcome";
import { codeOf, digits, draw, session, type Secret } from "../wire/signin";
import { listen } from "../wire/stream";
import { messages, type SignInNews } from "./api.gen";
import { call, open } from "./call";
import { sessionBegun } from "./session";
import { t } from "./words";

// fresh is how long a code stands; then another takes its place.
const fresh = 4 * 60_000;

// ByWallet shows a code that a wallet signs this tablet in with. The secret stays here:
// the code has its hash.
export function ByWallet({ onBack }: { onBack: () => void }) {
	const shown = useSignal<Secret | undefined>(undefined);
	const going = useSignal(false);
	const failed = useSignal<Text | undefined>(undefined);
	const anew = async () => (shown.value = await draw());
	const enter = async (staff: string, s: Secret) => {
		going.value = true;
		try {
			await call("KeepSession", {}, session(staff, s));
			await sessionBegun();
		} catch (e) {
			if (!(e instanceof Lost || e instanceof Refused)) throw e;
			failed.value = e instanceof Refused ? same(e.sentence) : t.lostSignIn;
			going.value = false;
		}
	};
	useEffect(() => {
		void anew();
		const timer = setInterval(() => void anew(), fresh);
		return () => clearInterval(timer);
	}, []);
	useEffect(() => {
		const s = shown.value;
		if (!s) return;
		return listen({
			open: (body, stop) => open("AwaitSignIn", body, stop),
			ask: () => new TextDecoder().decode(new TextEncoder().encode(toJSON({ hash: s.hash }))),
			take: (text) => {
				const news = fromJSON(messages, "SignInNews", JSON.parse(text)) as unknown as SignInNews;
				if (news.staff !== "0" && !going.value) void enter(news.staff, s);
			},
			ended: () => {},
			connected,
		});
	}, [shown.value]);
	const s = shown.value;
	return (
		<Screen title={say(t.withWallet)} onBack={onBack}>
			{failed.value && <Banner tone="bad">{say(failed.value)}</Banner>}
			{going.value ? (
				<Verdict tone="wait" title={say(t.signingIn)} />
			) : s ? (
				<section class="card stack center">
					<p>{say(t.walletText)}</p>
					<QR text={codeOf(s.hash)} label={say(t.signInCode)} />
					<p class="digits display">{digits(s.hash)}</p>
					<p class="small">{say(t.walletDigits)}</p>
					<Copyable label={say(t.signInCode)} value={codeOf(s.hash)} />
					<Button icon="again" onPress={() => void anew()}>
						{say(t.anotherCode)}
					</Button>
				</section>
			) : (
				<Skeleton />
			)}
		</Screen>
	);
}

const connected = signal(false);
