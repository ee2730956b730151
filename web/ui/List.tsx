import type { ComponentChildren } from "preact";
import { Amount } from "./Amount";
import { Icon, type IconName } from "./Icon";
import type { Fen } from "./money";
import { clock, day, dayKey } from "./time";
import { say, type Text } from "./words";

// Entry is a line of a list: what it was, whom with, how much, when.
export interface Entry {
	key: string;
	at: number;
	title: string;
	note?: string | undefined;
	amount?: Fen;
	icon: IconName;
	href?: string;
}

const more: Text = { zh: "更早的", en: "Earlier" };

export interface DaysProps {
	entries: Entry[];
	onMore?: (() => void) | undefined;
	busy?: boolean;
	headed?: boolean;
}

// byDay puts entries, newest first, under their days.
export function byDay(entries: Entry[]): Entry[][] {
	const days: Entry[][] = [];
	for (const e of entries) {
		const last = days[days.length - 1];
		if (last?.[0] && dayKey(last[0].at) === dayKey(e.at)) last.push(e);
		else days.push([e]);
	}
	return days;
}

// Days is a list under the days it happened on, with a way to what is older.
export function Days({ entries, onMore, busy = false, headed = true }: DaysProps) {
	return (
		<div class="days">
			{byDay(entries).map((list) => (
				<section key={list[0]?.key}>
					{headed && <h2 class="day">{day(list[0]?.at ?? 0)}</h2>}
					<ul class="list">
						{list.map((e) => (
							<Line key={e.key} entry={e} />
						))}
					</ul>
				</section>
			))}
			{onMore && (
				<button type="button" class="button quiet" aria-busy={busy} onClick={onMore}>
					{busy ? <span class="spinner" aria-hidden="true" /> : null}
					<span>{say(more)}</span>
				</button>
			)}
		</div>
	);
}

function Line({ entry: e }: { entry: Entry }) {
	const inside = (
		<>
			<span class="tile">
				<Icon name={e.icon} />
			</span>
			<span class="what">
				<span class="title">
					<bdi>{e.title}</bdi>
				</span>
				<span class="note">
					<time dateTime={new Date(e.at).toISOString()}>{clock(e.at)}</time>
					{e.note && (
						<>
							{" · "}
							<bdi>{e.note}</bdi>
						</>
					)}
				</span>
			</span>
			{e.amount !== undefined && <Amount fen={e.amount} flow />}
		</>
	);
	return <li>{e.href ? <a href={e.href}>{inside}</a> : <div class="line">{inside}</div>}</li>;
}

// Rows is a list of ways on: settings, devices.
export function Rows({ children }: { children: ComponentChildren }) {
	return <ul class="list rows">{children}</ul>;
}

export interface RowProps {
	title: string;
	note?: string;
	icon?: IconName;
	href?: string;
	value?: ComponentChildren;
	onPress?: () => void;
}

// Row is one way on.
export function Row({ title, note, icon, href, value, onPress }: RowProps) {
	const inside = (
		<>
			{icon && (
				<span class="tile">
					<Icon name={icon} />
				</span>
			)}
			<span class="what">
				<span class="title">
					<bdi>{title}</bdi>
				</span>
				{note && <span class="note">{note}</span>}
			</span>
			{value !== undefined && <span class="value">{value}</span>}
			{(href || onPress) && <Icon name="chevron" />}
		</>
	);
	return (
		<li>
			{href ? (
				<a href={href}>{inside}</a>
			) : onPress ? (
				<button type="button" class="line" onClick={onPress}>
					{inside}
				</button>
			) : (
				<div class="line">{inside}</div>
			)}
		</li>
	);
}
