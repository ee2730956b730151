// Times as people read them: Unix milliseconds in, words out, by Intl.
import { tag } from "./words";

const formats = new Map<string, Intl.DateTimeFormat>();

function format(at: number, options: Intl.DateTimeFormatOptions): string {
	const key = tag() + JSON.stringify(options);
	let f = formats.get(key);
	if (!f) formats.set(key, (f = new Intl.DateTimeFormat(tag(), options)));
	return f.format(at);
}

// clock is 14:02.
export const clock = (at: number): string => format(at, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

// moment is a date with its time, to the second.
export const moment = (at: number): string =>
	format(at, { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

// brief is a moment of these weeks: date and time, without the year.
export const brief = (at: number): string => format(at, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

// day is a date as a heading: with its weekday.
export const day = (at: number): string => format(at, { month: "long", day: "numeric", weekday: "short" });

// dayKey is the same for all times of one day here.
export function dayKey(at: number): string {
	const d = new Date(at);
	return `${d.getFullYear()}-${d.getMonth()}-${d.getDate()}`;
}

// left writes a time that is left: 9:05, or 1:09:05.
export function left(ms: number): string {
	const s = Math.max(0, Math.ceil(ms / 1000));
	const two = (n: number) => String(n).padStart(2, "0");
	const h = Math.floor(s / 3600);
	const m = Math.floor((s % 3600) / 60);
	return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

// month is a month with its year, shortMonth without.
export const month = (at: number): string => format(at, { year: "numeric", month: "long" });
export const shortMonth = (at: number): string => format(at, { month: "short" });

// zoned is moment with its time zone, for who may be elsewhere.
export const zoned = (at: number): string =>
	format(at, { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZoneName: "short" });
