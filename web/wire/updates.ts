// New versions of these pages: a service worker keeps one whole version, and the next
// one waits until the person takes it, or all pages are closed. An act that was begun
// is never cut short by it.
import { signal } from "@preact/signals";

// updates takes the new version; undefined where there is none.
export const updates = signal<(() => void) | undefined>(undefined);

interface Policies {
	createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): { createScriptURL: (url: string) => string };
}

// trusted is the one address that may become a script here.
function trusted(script: string): string {
	const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes;
	if (!policies) return script;
	const only = policies.createPolicy("holdfast", {
		createScriptURL: (url) => {
			if (url !== script) throw new TypeError(`${url} is no script of ours`);
			return url;
		},
	});
	return only.createScriptURL(script);
}

// watch has the service worker at an address keep the pages.
export async function watch(script: string): Promise<void> {
	if (!("serviceWorker" in navigator)) return;
	const registered = await navigator.serviceWorker.register(trusted(script), { updateViaCache: "none" });
	const offer = () => {
		const next = registered.waiting;
		if (next && navigator.serviceWorker.controller) updates.value = () => next.postMessage("take over");
	};
	offer();
	registered.addEventListener("updatefound", () => registered.installing?.addEventListener("statechange", offer));
	let had = navigator.serviceWorker.controller !== null;
	navigator.serviceWorker.addEventListener("controllerchange", () => {
		if (had) location.reload();
		had = true;
	});
}
