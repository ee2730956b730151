import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { Icon, type IconName } from "./Icon";
import { left } from "./time";
import { say, type Text } from "./words";

export type Tone = "good" | "info" | "wait" | "bad";

const toneIcons: Record<Tone, IconName> = { good: "check", info: "info", wait: "clock", bad: "warn" };

// Badge is a state in a word; the drawing says it too.
export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
	return (
		<span class={`badge ${tone}`}>
			<Icon name={toneIcons[tone]} />
			{children}
		</span>
	);
}

export interface VerdictProps {
	tone: Tone;
	title: string;
	text?: string | undefined;
	// code is what support asks for, small beneath.
	code?: string | undefined;
	icon?: IconName;
	children?: ComponentChildren;
}

// Verdict is how something ended, or why nothing is here: what happened, what it means,
// and below it the one button that helps.
export function Verdict({ tone, title, text, code, icon, children }: VerdictProps) {
	return (
		<section class={`verdict ${tone}`} role="status">
			<span class="mark" aria-hidden="true">
				{tone === "wait" && !icon ? <span class="spinner" /> : <Icon name={icon ?? toneIcons[tone]} />}
			</span>
			<h2>{title}</h2>
			{text && <p>{text}</p>}
			{children}
			{code && <p class="small">{code}</p>}
		</section>
	);
}

// Banner is a line above the page that concerns this person now.
export function Banner({ tone, children }: { tone: Tone; children: ComponentChildren }) {
	return (
		<div class={`banner ${tone}`} role="status">
			<Icon name={toneIcons[tone]} />
			<div>{children}</div>
		</div>
	);
}

// Skeleton stands where lines will be.
export function Skeleton({ lines = 3 }: { lines?: number }) {
	return (
		<div class="skeleton" aria-hidden="true">
			{Array.from({ length: lines }, () => (
				<span />
			))}
		</div>
	);
}

export interface CountdownProps {
	until: number;
	now?: () => number;
	onOver?: () => void;
	// words are the sentence that the time stands in.
	words?: (left: string) => Text;
}

// Countdown shows what is left until a time, and says when it is over.
export function Countdown({ until, now = Date.now, onOver, words }: CountdownProps) {
	const at = useSignal(now());
	useEffect(() => {
		const timer = setInterval(() => {
			at.value = now();
			if (at.value >= until) {
				clearInterval(timer);
				onOver?.();
			}
		}, 1000);
		return () => clearInterval(timer);
	}, [until]);
	const time = left(until - at.value);
	return (
		<time class="countdown" role="timer">
			{words ? say(words(time)) : time}
		</time>
	);
}

const copyWords = { copy: { zh: "复制", en: "Copy" }, copied: { zh: "已复制", en: "Copied" } } satisfies Record<string, Text>;

// Copyable is a number with what it means; it breaks between groups, not in mid-digits.
export function Copyable({ label, value, shown }: { label: string; value: string; shown?: string }) {
	const done = useSignal(false);
	return (
		<div class="copyable">
			<span class="label">{label}</span>
			<code>{shown ?? value}</code>
			<button
				type="button"
				class="round"
				aria-label={`${say(done.value ? copyWords.copied : copyWords.copy)} ${label}`}
				onClick={() => {
					navigator.clipboard?.writeText(value).then(() => (done.value = true), () => (done.value = false));
				}}
			>
				<Icon name={done.value ? "check" : "copy"} />
			</button>
		</div>
	);
}

// Toast says in passing what matters to nobody's money.
export function Toast({ text }: { text: string }) {
	return (
		<div class="toast" role="status">
			{text}
		</div>
	);
}

// Facts are names and their values.
export function Facts({ children }: { children: ComponentChildren }) {
	return <dl class="facts">{children}</dl>;
}

// Fact is one of them.
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
	return (
		<div>
			<dt>{name}</dt>
			<dd>
				<bdi>{children}</bdi>
			</dd>
		</div>
	);
}

// Who is a person or a shop: an initial and the name as it may be shown.
export function Who({ name, shop = false, note }: { name: string; shop?: boolean; note?: string | undefined }) {
	return (
		<span class="who">
			<span class="tile" aria-hidden="true">
				{shop ? <Icon name="store" /> : ([...name].pop() ?? "?")}
			</span>
			<span class="what">
				<span class="title">
					<bdi>{name}</bdi>
				</span>
				{note && <span class="note">{note}</span>}
			</span>
		</span>
	);
}
