// Light or dark: as the system has it, unless somebody chose.
import { signal } from "@preact/signals";
import { remember, remembered } from "./words";

export type Theme = "system" | "light" | "dark";

const kept = "theme";

const read = (): Theme => {
	const t = remembered(kept);
	return t === "light" || t === "dark" ? t : "system";
};

export const theme = signal<Theme>(read());

// show puts the theme on the page.
export function show(t: Theme): void {
	theme.value = t;
	remember(kept, t);
	if (t === "system") delete document.documentElement.dataset.theme;
	else document.documentElement.dataset.theme = t;
}
