import type { Signal } from "@preact/signals";
import { useId } from "preact/hooks";
import { say, type Text } from "./words";

// Choice is one of a few named things.
export function Choice({ label, value, among, name }: { label: string; value: Signal<string>; among: Record<string, Text>; name: string }) {
	const id = useId();
	return (
		<div class="field">
			<label for={id}>{label}</label>
			<select id={id} name={name} value={value.value} onChange={(e) => (value.value = e.currentTarget.value)}>
				{Object.entries(among).map(([key, text]) => (
					<option key={key} value={key}>
						{say(text)}
					</option>
				))}
			</select>
		</div>
	);
}
