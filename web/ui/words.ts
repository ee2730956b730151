// Words in both languages. A sentence is a Text, which has both: one that is missing is
// a type error. Sentences with parts are functions that return one.
import { signal } from "@preact/signals";

export type Lang = "zh" | "en";

export interface Text {
	readonly zh: string;
	readonly en: string;
}

const kept = "lang";

// preferred is what was chosen here before, else the first language of the browser that
// we speak, else Chinese.
export function preferred(chosen: string | null, browser: readonly string[]): Lang {
	for (const tag of [chosen ?? "", ...browser]) {
		if (tag.startsWith("zh")) return "zh";
		if (tag.startsWith("en")) return "en";
	}
	return "zh";
}

// remembered and remember keep a choice that is nobody's secret. Where storage is
// refused, a choice lasts as long as the page.
export function remembered(name: string): string | null {
	try {
		return localStorage.getItem(name);
	} catch {
		return null;
	}
}

export function remember(name: string, value: string): void {
	try {
		localStorage.setItem(name, value);
	} catch {
		// The page goes on without.
	}
}

export const lang = signal<Lang>(preferred(remembered(kept), typeof navigator === "undefined" ? [] : navigator.languages));

export function speak(l: Lang): void {
	lang.value = l;
	remember(kept, l);
}

export const say = (t: Text): string => t[lang.value];

// told is a sentence that may not be there.
export const told = (t: Text | undefined): string | undefined => t && say(t);

// same is a sentence that comes in one language, as a person's own words do.
export const same = (text: string): Text => ({ zh: text, en: text });

// together puts sentences one after the other: Chinese ones without a space.
export const together = (...sentences: string[]): string => sentences.filter(Boolean).join(lang.value === "zh" ? "" : " ");

// tag is the language as the platform and Intl know it.
export const tag = (): string => (lang.value === "zh" ? "zh-CN" : "en");
