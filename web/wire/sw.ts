// The service worker keeps one whole version of the pages, so that they open without a
// network, and so that a part that is loaded late is of the same version as the rest.
// It never touches calls: what is true of money is asked for each time.
declare const VERSION: string;
// PAGE is the page's address, and OURS begins the names of its caches.
declare const PAGE: string;
declare const OURS: string;
declare const FILES: string[];

interface Waiting extends Event {
	waitUntil(p: Promise<unknown>): void;
}

interface Fetching extends Waiting {
	request: Request;
	respondWith(p: Promise<Response>): void;
}

interface Scope {
	addEventListener(type: "install" | "activate", f: (e: Waiting) => void): void;
	addEventListener(type: "fetch", f: (e: Fetching) => void): void;
	addEventListener(type: "message", f: (e: MessageEvent<string>) => void): void;
	skipWaiting(): Promise<void>;
	location: Location;
}

const scope = self as unknown as Scope;
const mine = `${OURS}${VERSION}`;

scope.addEventListener("install", (e) => {
	e.waitUntil(caches.open(mine).then((c) => c.addAll([...FILES, PAGE].map((f) => new Request(f, { cache: "reload" })))));
});

scope.addEventListener("message", (e) => {
	if (e.data === "take over") void scope.skipWaiting();
});

scope.addEventListener("activate", (e) => {
	e.waitUntil(caches.keys().then((names) => Promise.all(names.filter((n) => n !== mine && n.startsWith(OURS)).map((n) => caches.delete(n)))));
});

scope.addEventListener("fetch", (e) => {
	const url = new URL(e.request.url);
	if (e.request.method !== "GET" || url.origin !== scope.location.origin) return;
	if (e.request.mode === "navigate" && PAGE === "/" && /^\/till(\/|$)/.test(url.pathname)) return; // another page, with a worker of its own
	const wanted = e.request.mode === "navigate" ? PAGE : e.request;
	e.respondWith(caches.open(mine).then(async (c) => (await c.match(wanted)) ?? fetch(e.request)));
});
