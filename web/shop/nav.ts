// Where the customer is.
import { signal } from "@preact/signals";

export const path = signal(typeof location === "undefined" ? "/" : location.pathname);

export function go(to: string, replace = false): void {
	if (replace) history.replaceState(null, "", to);
	else history.pushState(null, "", to);
	path.value = location.pathname;
	scrollTo(0, 0);
}

if (typeof addEventListener !== "undefined") addEventListener("popstate", () => (path.value = location.pathname));
