import { useEffect, useRef } from "preact/hooks";
import { Amount } from "../ui/Amount";
import { Icon } from "../ui/Icon";
import { moment } from "../ui/time";
import { say, type Text } from "../ui/words";
import { announced, seen, stays, type Announcement } from "./announce";
import { t } from "./words";

const titles: Record<Announcement["kind"], Text> = { paid: t.paid, late: t.paidLate, out: t.handOut };
const texts: Record<Announcement["kind"], Text | undefined> = { paid: undefined, late: t.paidLateText, out: t.handOutText };

// Announced fills the screen with what was announced. A payment in time goes by itself;
// what somebody must act on stays until they say that they have seen it.
export function Announced() {
	const a = announced.value[0];
	const button = useRef<HTMLButtonElement>(null);
	useEffect(() => {
		if (!a) return;
		const before = document.activeElement;
		button.current?.focus({ preventScroll: true });
		const timer = a.kind === "paid" ? setTimeout(() => seen(a.key), stays) : undefined;
		return () => {
			clearTimeout(timer);
			if (before instanceof HTMLElement) before.focus({ preventScroll: true }); // who was typing goes on
		};
	}, [a?.key]);
	if (!a) return null;
	const text = texts[a.kind];
	return (
		<div class={`announced ${a.kind}`} role="alertdialog" aria-modal="true" aria-labelledby="announced-title">
			<h2 id="announced-title">
				<Icon name={a.kind === "paid" ? "check" : a.kind === "late" ? "warn" : "receive"} />
				{say(titles[a.kind])}
			</h2>
			<Amount fen={a.amount} size="display" />
			{a.who && <p class="from">{say(t.from(a.who))}</p>}
			{a.what && (
				<p>
					<bdi>{a.what}</bdi>
				</p>
			)}
			<p>
				<time dateTime={new Date(a.at).toISOString()}>{moment(a.at)}</time>
			</p>
			{text && <p class="explains">{say(text)}</p>}
			<button ref={button} type="button" id="seen" class="button" onClick={() => seen(a.key)}>
				{say(a.kind === "paid" ? t.next : t.understood)}
			</button>
		</div>
	);
}
