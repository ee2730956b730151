// deviceLabel is what the person calls this device, to tell it from others.
export function deviceLabel(): string {
	const ua = navigator.userAgent;
	const machine = /iPhone|iPad|Android|Windows|Macintosh|Linux/.exec(ua)?.[0] ?? "";
	const browser = /Edg|Firefox|Chrome|Safari/.exec(ua)?.[0]?.replace("Edg", "Edge") ?? "";
	return [machine.replace("Macintosh", "Mac"), browser].filter(Boolean).join(" · ") || "browser";
}
