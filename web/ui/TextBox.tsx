import type { Signal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";

export interface TextBoxProps {
	label: string;
	value: Signal<string>;
	maxLength: number;
	error?: string | undefined;
	name?: string;
}

// TextBox is a field for a few sentences, with how many characters are left.
export function TextBox({ label, value, maxLength, error, name }: TextBoxProps) {
	const id = useId();
	const box = useRef<HTMLTextAreaElement>(null);
	useEffect(() => {
		if (error) box.current?.focus();
	}, [error]);
	return (
		<div class={`field ${error ? "wrong" : ""}`}>
			<label for={id}>{label}</label>
			<textarea
				ref={box}
				id={id}
				name={name}
				rows={4}
				maxLength={maxLength}
				value={value.value}
				aria-invalid={error !== undefined}
				aria-describedby={`${id}-said`}
				onInput={(e) => (value.value = e.currentTarget.value)}
			/>
			<p id={`${id}-said`} class="said" role={error ? "alert" : undefined}>
				{error ?? `${[...value.value].length}/${maxLength}`}
			</p>
		</div>
	);
}
