import { useEffect, useId, useRef } from "preact/hooks";
import type { Signal } from "@preact/signals";

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

// Field is a line to type into, with its label and what is wrong with it.
export function Field({ label, value, hint, error, type = "text", inputMode, autocomplete = "off", maxLength, placeholder, autofocus, name, onChange }: FieldProps) {
	const id = useId();
	const said = error ?? hint;
	const box = useRef<HTMLInputElement>(null);
	useEffect(() => {
		if (autofocus) box.current?.focus({ preventScroll: true });
	}, []);
	useEffect(() => {
		if (error) box.current?.focus();
	}, [error]);
	return (
		<div class={`field ${error ? "wrong" : ""}`}>
			<label for={id}>{label}</label>
			<input
				ref={box}
				id={id}
				name={name}
				type={type as "text"}
				inputMode={inputMode}
				autocomplete={autocomplete}
				maxLength={maxLength}
				placeholder={placeholder}
				value={value.value}
				aria-invalid={error !== undefined}
				aria-describedby={said ? `${id}-said` : undefined}
				onInput={(e) => {
					value.value = e.currentTarget.value;
					onChange?.(value.value);
				}}
			/>
			{said && (
				<p id={`${id}-said`} class="said" role={error ? "alert" : undefined}>
					{said}
				</p>
			)}
		</div>
	);
}
