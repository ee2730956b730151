import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./Icon";

export type ButtonKind = "primary" | "plain" | "quiet" | "danger";

export interface ButtonProps {
	children: ComponentChildren;
	onPress: () => void;
	kind?: ButtonKind;
	icon?: IconName;
	// busy: it was heard, and is being worked on.
	busy?: boolean;
	disabled?: boolean;
	submit?: boolean;
	id?: string;
}

// Button is named by its verb. While it is busy it takes no second press, but keeps its
// place and its focus.
export function Button({ children, onPress, kind = "plain", icon, busy = false, disabled = false, submit = false, id }: ButtonProps) {
	const dead = busy || disabled;
	return (
		<button
			id={id}
			type={submit ? "submit" : "button"}
			class={`button ${kind}`}
			aria-disabled={dead}
			aria-busy={busy}
			onClick={(e) => {
				if (!submit || dead) e.preventDefault();
				if (!dead) onPress();
			}}
		>
			{busy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
			<span>{children}</span>
		</button>
	);
}
