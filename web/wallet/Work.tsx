import { useSignal } from "@preact/signals";
import { Button } from "../ui/Button";
import { Row, Rows } from "../ui/List";
import { Screen } from "../ui/Screen";
import { Sheet } from "../ui/Sheet";
import { Skeleton, Verdict } from "../ui/State";
import { moment } from "../ui/time";
import { say } from "../ui/words";
import { digits, hashIn } from "../wire/signin";
import type { ListWorkResponse, WorkSession, WorkView } from "./api.gen";
import { call } from "./call";
import { back, go } from "./nav";
import { AskPin } from "./Pin";
import { useShown } from "./Shops";
import { roles, s } from "./shopwords";
import { guarded, note } from "./state";
import { Sorry, trouble, type Trouble } from "./trouble";
import { w } from "./words";

// life is how long a till stays signed in, seconds: a day at the counter.
const life = 16 * 3600;

const nameOf = (x: WorkView): string => x.merchant || x.ref;

// asIs: the news say nothing of it.
const asIs = (l: ListWorkResponse): ListWorkResponse => l;

const rolesOf = (x: WorkView): string => x.roles.map((r) => say(roles[r] ?? s.staff)).join(" · ");

// SignInPage signs in the screen that shows a code, as somebody whom this person is.
export function SignInPage({ code }: { code: string }) {
	const hash = hashIn(code);
	const { shown, failed, look } = useShown(() => call("ListWork", {}), asIs);
	const chosen = useSignal<WorkView | undefined>(undefined);
	const done = useSignal<WorkView | undefined>(undefined);
	const list = shown.value?.work;
	if (!hash) return <Astray />;
	if (done.value) {
		return (
			<Screen title={say(s.signIn)} foot={<Button kind="primary" onPress={() => go("/", true)}>{say(w.home)}</Button>}>
				<Verdict tone="good" title={say(s.signedIn)} text={say(s.signedInText(nameOf(done.value)))} />
				<Button onPress={() => go("/work", true)}>{say(s.work)}</Button>
			</Screen>
		);
	}
	const as = chosen.value ?? (list?.length === 1 ? list[0] : undefined);
	if (as) return <Confirm hash={hash} as={as} onDone={(x) => (done.value = x)} />;
	return (
		<Screen title={say(s.signIn)} onBack={back}>
			{list === undefined ? (
				failed.value ? <Sorry trouble={failed.value} title={w.noAnswer} again={() => void look()} /> : <Skeleton />
			) : list.length === 0 ? (
				<Verdict tone="info" icon="store" title={say(s.noWork)} text={say(s.noWorkText)} />
			) : (
				<>
					<p>{say(s.asWhom)}</p>
					<Rows>
						{list.map((x) => (
							<Row key={x.staff} icon="store" title={nameOf(x)} note={rolesOf(x)} onPress={() => (chosen.value = x)} />
						))}
					</Rows>
				</>
			)}
		</Screen>
	);
}

function Astray() {
	return (
		<Screen title={say(s.signIn)} onBack={back}>
			<Verdict tone="bad" title={say(s.codeBroken)} text={say(s.codeBrokenText)} />
		</Screen>
	);
}

// Confirm asks once more: whoever shows a code is let into the shop by it.
function Confirm({ hash, as, onDone }: { hash: Uint8Array<ArrayBuffer>; as: WorkView; onDone: (x: WorkView) => void }) {
	const busy = useSignal(false);
	const asking = useSignal(false);
	const failed = useSignal<Trouble | undefined>(undefined);
	const asked = { staff: as.staff, hash, lifeS: life, label: "till" };
	const signIn = async (grant?: string) => {
		asking.value = false;
		busy.value = true;
		failed.value = undefined;
		try {
			onDone(await call("SignInStaff", { ...asked, ...(grant ? { grant } : {}) }));
		} catch (e) {
			note(e);
			failed.value = trouble(e);
		} finally {
			busy.value = false;
		}
	};
	return (
		<Screen
			title={say(s.signIn)}
			onBack={back}
			foot={
				<Button kind="primary" id="sign-in" busy={busy.value} onPress={() => (guarded.value ? (asking.value = true) : void signIn())}>
					{say(s.signInDo)}
				</Button>
			}
		>
			<section class="card stack center">
				<p>{say(s.signInAs(nameOf(as), rolesOf(as)))}</p>
				<p class="small">{say(s.sameDigits)}</p>
				<p class="digits display">{digits(hash)}</p>
			</section>
			<p class="small">{say(s.signInText)}</p>
			{failed.value && <Sorry trouble={failed.value} title={w.notDone} />}
			<AskPin open={asking.value} label={say(s.signInAs(nameOf(as), rolesOf(as)))} about={() => ({ signInStaff: asked })} onClose={() => (asking.value = false)} onGrant={(g) => void signIn(g)} />
		</Screen>
	);
}

// WorkPage lists where this person is signed in at work, and ends it from afar.
export function WorkPage() {
	const { shown, failed, look } = useShown(() => call("ListWork", {}), asIs);
	const ending = useSignal<{ of: WorkView; one: WorkSession } | undefined>(undefined);
	const wrong = useSignal<Trouble | undefined>(undefined);
	const end = async () => {
		const x = ending.value;
		if (!x) return;
		wrong.value = undefined;
		try {
			await call("EndWorkSession", { staff: x.of.staff, number: x.one.number });
			ending.value = undefined;
			await look();
		} catch (e) {
			note(e);
			wrong.value = trouble(e);
		}
	};
	const list = shown.value?.work;
	return (
		<Screen title={say(s.work)} onBack={back}>
			{list === undefined ? (
				failed.value ? <Sorry trouble={failed.value} title={w.noAnswer} again={() => void look()} /> : <Skeleton />
			) : (
				<>
					<p>{say(s.workText)}</p>
					{list.map((x) => (
						<section class="stack tight" key={x.staff}>
							<h2>
								<bdi>{nameOf(x)}</bdi>
							</h2>
							{x.sessions.length === 0 ? (
								<p class="small">{say(s.nowhere)}</p>
							) : (
								<Rows>
									{x.sessions.map((one) => (
										<Row icon="phone" title={one.label} note={say(s.since(moment(one.openedAt), moment(one.until)))} onPress={() => (ending.value = { of: x, one })} />
									))}
								</Rows>
							)}
						</section>
					))}
				</>
			)}
			<Sheet dialog open={ending.value !== undefined} title={say(s.endTitle)} onClose={() => (ending.value = undefined)}>
				<p>{say(s.endText)}</p>
				{wrong.value && <Sorry trouble={wrong.value} title={w.notDone} />}
				<Button kind="danger" id="end-work" onPress={() => void end()}>
					{say(s.endDo)}
				</Button>
				<Button onPress={() => (ending.value = undefined)}>{say(w.cancel)}</Button>
			</Sheet>
		</Screen>
	);
}
