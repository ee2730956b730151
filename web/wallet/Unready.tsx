import { Button } from "../ui/Button";
import { Screen } from "../ui/Screen";
import { Skeleton } from "../ui/State";
import { say } from "../ui/words";
import { back, go } from "./nav";
import { Sorry, type Trouble } from "./trouble";
import { w } from "./words";

// Unready is the confirm screen while the platform is asked what a code stands for, and
// when that failed.
export function Unready({ failed, retry }: { failed: Trouble | undefined; retry: () => void }) {
	if (failed) {
		return (
			<Screen title={say(w.confirmPay)} onBack={back} foot={<Button onPress={() => go("/", true)}>{say(w.home)}</Button>}>
				<Sorry trouble={failed} title={w.cannotPay} retry={retry} />
			</Screen>
		);
	}
	return (
		<Screen title={say(w.confirmPay)} onBack={back}>
			<p class="read" role="status">
				{say(w.loading)}
			</p>
			<Skeleton />
		</Screen>
	);
}
