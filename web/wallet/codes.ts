// What a code that was scanned or typed is about.

export type Scanned =
	| { kind: "pay"; code: string }
	| { kind: "till"; token: string }
	| { kind: "packet"; link: string }
	| { kind: "person"; code: string }
	| { kind: "signin"; hash: string }
	| { kind: "foreign"; whose: "wechat" | "alipay" | "unionpay" }
	| { kind: "unknown" };

const foreign: [RegExp, "wechat" | "alipay" | "unionpay"][] = [
	[/^(weixin|wxp):|^https:\/\/(wx\.tenpay|payapp\.weixin\.qq|u\.wechat|weixin\.qq)\.com/i, "wechat"],
	[/^alipays?:|^https:\/\/(qr|ds|m)\.alipay\.com|^https:\/\/render\.alipay\.com/i, "alipay"],
	[/^https:\/\/qr\.95516\.com|^upwrp:/i, "unionpay"],
];

const longest = 1024;

// returnTo reads the page that a payer may go back to. It becomes a link that names its
// host, never a redirect: the address comes from whoever made the link.
export function returnTo(text: string | null): { url: string; host: string } | undefined {
	if (!text || text.length > longest) return undefined;
	let url: URL;
	try {
		url = new URL(text);
	} catch {
		return undefined;
	}
	if (!/^https?:$/.test(url.protocol) || url.hostname === "" || url.username || url.password) return undefined;
	return { url: url.href, host: url.host };
}

const receiving = "holdfast:receive/";

const prepay = /^wx[0-9a-f]{20,64}$/i;

// about reads a code. Whether it can be paid is for the platform to say.
export function about(text: string): Scanned {
	const t = text.trim();
	if (t.startsWith(receiving)) return { kind: "person", code: t };
	if (prepay.test(t)) return { kind: "pay", code: t };
	const weixin = /^weixin:\/\/wxpay\/bizpayurl\?(?:.*&)?pr=(wx[0-9a-f]+)/i.exec(t);
	if (weixin?.[1]) return { kind: "pay", code: weixin[1] };
	for (const [shape, whose] of foreign) if (shape.test(t)) return { kind: "foreign", whose };
	let url: URL;
	try {
		url = new URL(t);
	} catch {
		return { kind: "unknown" };
	}
	const paid = /^\/pay\/([^/]+)$/.exec(url.pathname)?.[1];
	if (paid && prepay.test(paid)) return { kind: "pay", code: paid };
	const token = /\/c\/([A-Za-z0-9_-]{22})$/.exec(url.pathname)?.[1];
	if (token) return { kind: "till", token };
	if (url.pathname === "/packet" && url.hash.length > 1) return { kind: "packet", link: url.hash.slice(1) };
	if (url.pathname === "/signin" && url.hash.length > 1) return { kind: "signin", hash: url.hash.slice(1) };
	return { kind: "unknown" };
}
