import { useEffect } from "preact/hooks";
import { Amount } from "../ui/Amount";
import { Button } from "../ui/Button";
import { Icon, type IconName } from "../ui/Icon";
import { Days } from "../ui/List";
import { yuan } from "../ui/money";
import { Screen } from "../ui/Screen";
import { Banner, Skeleton } from "../ui/State";
import { clock, dayKey } from "../ui/time";
import { say, type Text } from "../ui/words";
import { live } from "./acts";
import { lineOf } from "./Bills";
import { connected } from "./follow";
import { go } from "./nav";
import { away, bills, decided, guarded, hidden, hide, online, paid, refresh, seenAt, waiting, wallet } from "./state";
import { updates } from "../wire/updates";
import { w } from "./words";

// askAgain is how often the platform is asked while it gives no answer.
const askAgain = 5_000;

// Home is the balance, what can be done, and what moved today.
export function Home() {
	useEffect(() => {
		void refresh();
		const timer = setInterval(() => {
			if (away.value && document.visibilityState === "visible") void refresh();
		}, askAgain);
		return () => clearInterval(timer);
	}, []);
	const v = wallet.value;
	const today = bills.value.filter((b) => dayKey(b.at) === dayKey(Date.now()));
	return (
		<Screen title={say(w.name)} wide>
			<div class="cols">
				<div class="stack">
					<Concerns />
					<section class="card balance" aria-label={say(w.balance)}>
						<div class="line">
							<span class="small">{say(w.balance)}</span>
							<button type="button" class="round" aria-label={say(hidden.value ? w.reveal : w.hide)} onClick={() => hide(!hidden.value)}>
								<Icon name={hidden.value ? "eyeOff" : "eye"} />
							</button>
						</div>
						{v ? <Amount fen={v.balance} size="display" hidden={hidden.value} /> : <Skeleton lines={1} />}
						{v && v.held > 0 && !hidden.value && <p class="small">{say(w.held(yuan(v.held)))}</p>}
						{seenAt.value > 0 && <p class="small">{say(connected.value && !away.value ? w.live : w.asOf(clock(seenAt.value)))}</p>}
					</section>
					<div class="side">
						<Button kind="primary" icon="scan" onPress={() => go("/scan")}>
							{say(w.scan)}
						</Button>
						<Button icon="code" onPress={() => go("/paycode")}>
							{say(w.payCode)}
						</Button>
					</div>
					<nav class="acts">
						<Way href="/receive" icon="receive" name={w.receive} />
						<Way href="/transfer" icon="transfer" name={w.transfer} />
						<Way href="/packets" icon="packet" name={w.packet} />
						<Way href="/bills" icon="bill" name={w.bills} />
						<Way href="/settings" icon="settings" name={w.settings} />
					</nav>
				</div>
				<section class="stack tight">
					<h2>{say(w.today)}</h2>
					{v === undefined && !away.value ? <Skeleton /> : today.length > 0 ? <Days headed={false} entries={today.map(lineOf)} /> : <p class="small">{say(w.nothingToday)}</p>}
				</section>
			</div>
		</Screen>
	);
}

function Way({ href, icon, name }: { href: string; icon: IconName; name: Text }) {
	return (
		<a href={href}>
			<span class="tile">
				<Icon name={icon} />
			</span>
			<span>{say(name)}</span>
		</a>
	);
}

// Concerns are banners, only about what concerns this person now.
function Concerns() {
	const going = live.value.filter((a) => a.state === "sending");
	const first = going[0];
	return (
		<>
			{away.value && (
				<Banner tone="wait">
					<strong>{say(online.value ? w.notReached : w.offline)}</strong>
					<p>{say(w.offlineText)}</p>
				</Banner>
			)}
			{wallet.value?.block && (
				<Banner tone="bad">
					<strong>{say(w.blocked)}</strong>
					<p>{wallet.value.block.sentence}</p>
					<a class="inline" href="/block">
						{say(w.blockedLook)}
					</a>
				</Banner>
			)}
			{first && (
				<Banner tone="wait">
					<p>{say(w.goingOn(going.length))}</p>
					<a class="inline" href={`/act/${first.id}`}>
						{say(w.look)}
					</a>
				</Banner>
			)}
			{decided.value && (
				<Banner tone={decided.value.state === "approved" ? "good" : "bad"}>
					<p>{say((decided.value.state === "approved" ? w.shopApproved : w.shopRefused)(decided.value.name))}</p>
					<a class="inline" href={`/shops/${decided.value.shop}`}>
						{say(w.look)}
					</a>
				</Banner>
			)}
			{paid.value && (
				<Banner tone="good">
					<p>
						<bdi>{paid.value.name}</bdi> · {say(w.cameIn(yuan(paid.value.came)))}
					</p>
					<a class="inline" href={`/shops/${paid.value.shop}`}>
						{say(w.look)}
					</a>
				</Banner>
			)}
			{waiting.value[0] && (
				<Banner tone="info">
					<p>
						<bdi>{waiting.value[0].who}</bdi> · {say(w.waitsForYou(yuan(waiting.value[0].amount)))}
					</p>
					<a class="inline" href={`/transfer/${waiting.value[0].transfer}`}>
						{say(w.look)}
					</a>
				</Banner>
			)}
			{updates.value && !first && (
				<Banner tone="info">
					<p>{say(w.newVersion)}</p>
					<button type="button" class="inline" onClick={() => updates.value?.()}>
						{say(w.update)}
					</button>
				</Banner>
			)}
			{wallet.value && !guarded.value && (
				<Banner tone="info">
					<p>{say(w.noPin)}</p>
					<a class="inline" href="/settings/pin">
						{say(w.setPin)}
					</a>
				</Banner>
			)}
		</>
	);
}
