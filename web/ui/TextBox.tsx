import type { Signal } from "@preact/signals";
import { Frame } from "./Field";

export interface TextBoxProps {
	label: string;
	value: Signal<string>;
	maxLength: number;
	error?: string | undefined;
	name?: string;
}

// TextBox is a field for a few sentences, with how many characters are left.
export function TextBox({ label, value, maxLength, error, name }: TextBoxProps) {
	return (
		<Frame<HTMLTextAreaElement> label={label} hint={`${[...value.value].length}/${maxLength}`} error={error}>
			{(own) => <textarea {...own} name={name} rows={4} maxLength={maxLength} value={value.value} onInput={(e) => (value.value = e.currentTarget.value)} />}
		</Frame>
	);
}
