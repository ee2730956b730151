// Where the person is. Addresses name screens; what is secret (a packet's link) stands
// behind the #, which no server sees.
import { signal } from "@preact/signals";

export interface Place {
	path: string;
	query: URLSearchParams;
	hash: string;
}

const here = (): Place => ({ path: location.pathname, query: new URLSearchParams(location.search), hash: location.hash.slice(1) });

export const place = signal<Place>({ path: "/", query: new URLSearchParams(), hash: "" });

// depth is how many of our own pages lie behind this one.
const depth = (): number => (history.state as { depth?: number } | null)?.depth ?? 0;

export function go(to: string, replace = false): void {
	if (replace) history.replaceState({ depth: depth() }, "", to);
	else history.pushState({ depth: depth() + 1 }, "", to);
	arrive();
}

// back leaves to the page before, or home where this page was opened by a link.
export function back(): void {
	if (depth() > 0) history.back();
	else go("/", true);
}

function arrive(): void {
	place.value = here();
	window.scrollTo(0, 0);
}

// follow makes links of our own pages change the place without a load.
export function follow(): void {
	place.value = here();
	window.addEventListener("popstate", () => (place.value = here()));
	window.addEventListener("hashchange", () => (place.value = here()));
	document.addEventListener("click", (e) => {
		const a = (e.target as Element).closest?.("a");
		if (!a || e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || a.target || a.origin !== location.origin || a.hasAttribute("download")) return;
		e.preventDefault();
		go(a.pathname + a.search + a.hash);
	});
}
