import type { ComponentChildren, Ref } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import type { Signal } from "@preact/signals";

// Own is what a box that is typed into takes from its frame.
export interface Own<E extends HTMLElement> {
	ref: Ref<E>;
	id: string;
	"aria-invalid": boolean;
	"aria-describedby": string | undefined;
}

export interface FrameProps<E extends HTMLElement> {
	label: string;
	hint?: string | undefined;
	error?: string | undefined;
	autofocus?: boolean | undefined;
	children: (own: Own<E>) => ComponentChildren;
}

// Frame has a box's label above it, and below what it is for or what is wrong with it.
// What is wrong takes the focus.
export function Frame<E extends HTMLElement>({ label, hint, error, autofocus, children }: FrameProps<E>) {
	const id = useId();
	const said = error ?? hint;
	const box = useRef<E>(null);
	useEffect(() => {
		if (autofocus) box.current?.focus({ preventScroll: true });
	}, []);
	useEffect(() => {
		if (error) box.current?.focus();
	}, [error]);
	return (
		<div class={`field ${error ? "wrong" : ""}`}>
			<label for={id}>{label}</label>
			{children({ ref: box, id, "aria-invalid": error !== undefined, "aria-describedby": said ? `${id}-said` : undefined })}
			{said && (
				<p id={`${id}-said`} class="said" role={error ? "alert" : undefined}>
					{said}
				</p>
			)}
		</div>
	);
}

export interface FieldProps {
	label: string;
	value: Signal<string>;
	hint?: string | undefined;
	error?: string | undefined;
	type?: "text" | "tel" | "search";
	inputMode?: "numeric" | "decimal" | "tel" | "text";
	autocomplete?: string;
	maxLength?: number;
	placeholder?: string;
	autofocus?: boolean;
	name?: string;
	onChange?: (value: string) => void;
}

// Field is a line to type into.
export function Field({ label, value, hint, error, type = "text", autocomplete = "off", autofocus, onChange, ...rest }: FieldProps) {
	return (
		<Frame<HTMLInputElement> label={label} hint={hint} error={error} autofocus={autofocus}>
			{(own) => (
				<input
					{...own}
					{...rest}
					type={type as "text"}
					autocomplete={autocomplete}
					value={value.value}
					onInput={(e) => {
						value.value = e.currentTarget.value;
						onChange?.(value.value);
					}}
				/>
			)}
		</Frame>
	);
}
