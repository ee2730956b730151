import { digits, minus, yuan, type Fen } from "./money";

// many is from how many characters on an amount is drawn smaller where it is large.
const many = 8;

// Amount is money: tabular figures, the currency sign smaller than the number. flow
// says whether it came or went, with a sign and not by colour alone.
export function Amount({ fen, size = "body", flow = false, hidden = false }: { fen: Fen; size?: "body" | "title" | "display"; flow?: boolean; hidden?: boolean }) {
	if (hidden) return <span class={`amount ${size}`}>••••</span>;
	const sign = fen < 0 ? minus : flow ? "+" : "";
	return (
		<span class={`amount ${size} ${flow && fen > 0 ? "came" : ""} ${digits(fen).length > many ? "long" : ""}`}>
			<span class="read">{sign === "+" ? "+" + yuan(fen) : yuan(fen)}</span>
			<span aria-hidden="true">
				{sign}
				<span class="currency">¥</span>
				{digits(fen)}
			</span>
		</span>
	);
}
