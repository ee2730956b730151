import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon } from "./Icon";
import { say, type Text } from "./words";

const closing: Text = { zh: "关闭", en: "Close" };

// modal says whether the browser knows how to hold a page back; older ones, of tablets
// above all, have the sheet lie over it.
const modal = typeof HTMLDialogElement !== "undefined" && "showModal" in HTMLDialogElement.prototype;

export interface SheetProps {
	open: boolean;
	title: string;
	children: ComponentChildren;
	onClose: () => void;
	// dialog: in the middle, for a question; else at the thumb.
	dialog?: boolean;
}

// Sheet stands over the page until it is closed: by its button, Escape or a tap beside.
export function Sheet({ open, title, children, onClose, dialog = false }: SheetProps) {
	const box = useRef<HTMLDialogElement>(null);
	const id = useId();
	useEffect(() => {
		const d = box.current;
		if (!d) return;
		const shown = d.hasAttribute("open");
		if (open && !shown) {
			if (modal) d.showModal();
			else d.setAttribute("open", "");
			// The browser would begin at the button that closes: who reads by ear begins at the title.
			(d.querySelector<HTMLElement>("[data-first]") ?? d.querySelector("h2"))?.focus({ preventScroll: true });
		}
		if (!open && shown) {
			if (modal) d.close();
			else d.removeAttribute("open");
		}
	}, [open]);
	return (
		<dialog
			ref={box}
			class={`${dialog ? "dialog" : "sheet"}${modal ? "" : " plain"}`}
			{...(modal ? {} : { role: "dialog", "aria-modal": "true" as const })}
			aria-labelledby={id}
			onKeyDown={(e) => {
				if (!modal && e.key === "Escape") onClose();
			}}
			onCancel={(e) => {
				e.preventDefault();
				onClose();
			}}
			onClick={(e) => {
				if (e.target === box.current) onClose();
			}}
		>
			{open && (
				<div class="within">
					<header>
						<h2 id={id} tabIndex={-1}>
							{title}
						</h2>
						<button type="button" class="round" aria-label={say(closing)} onClick={onClose}>
							<Icon name="close" />
						</button>
					</header>
					{children}
				</div>
			)}
		</dialog>
	);
}
