import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./Icon";
import { lang, say, speak, type Text } from "./words";

const words = {
	back: { zh: "返回", en: "Back" },
} satisfies Record<string, Text>;

export interface ScreenProps {
	title: string;
	children: ComponentChildren;
	// foot holds the one primary action, at the thumb.
	foot?: ComponentChildren;
	onBack?: (() => void) | undefined;
	plain?: boolean;
	// wide: its columns stand beside each other where there is room.
	wide?: boolean;
}

// Screen is a page: its name, the way back, the other language in one tap.
export function Screen({ title, children, foot, onBack, plain = false, wide = false }: ScreenProps) {
	const head = useRef<HTMLHeadingElement>(null);
	useEffect(() => {
		document.title = `${title} · Holdfast`;
	}, [title]);
	// Who reads by ear begins at the page's name, unless a field or a pad took the focus.
	useEffect(() => {
		if (document.activeElement === document.body) head.current?.focus({ preventScroll: true });
	}, []);
	return (
		<div class={wide ? "screen wide" : "screen"}>
			<header class="bar">
				{onBack ? (
					<button type="button" class="round" aria-label={say(words.back)} onClick={onBack}>
						<Icon name="back" />
					</button>
				) : (
					<span class="round" />
				)}
				<h1 ref={head} tabIndex={-1} class={plain ? "read" : ""}>
					{title}
				</h1>
				<Speak />
			</header>
			<main>{children}</main>
			{foot && <footer class="foot">{foot}</footer>}
		</div>
	);
}

// Speak switches to the other language.
export function Speak() {
	const other = lang.value === "zh" ? "en" : "zh";
	return (
		<button type="button" class="speak" lang={other === "zh" ? "zh-CN" : "en"} onClick={() => speak(other)}>
			{other === "zh" ? "中文" : "English"}
		</button>
	);
}
