import type { Text } from "../ui/words";
import { same, say } from "../ui/words";
import { Button } from "../ui/Button";
import { Verdict, type Tone } from "../ui/State";
import { busy, Lost, Refused } from "./call";
import { refusals, w } from "./words";

// Trouble is why something did not go on: what happened, and what it means. It is put
// into words when it is shown, so that it follows the language.
export interface Trouble {
	tone: Tone;
	title?: Text;
	text: Text;
	code?: string;
	// again says that trying again may help.
	again?: boolean;
}

// sentence is what the wallet says for an outcome, else what the platform said.
export const sentence = (code: string | undefined, said: string | undefined): string => say(outcome(code, said));

const outcome = (code: string | undefined, said: string | undefined): Text => refusals[code ?? ""] ?? same(said ?? "");

// trouble words what a call threw.
export function trouble(e: unknown): Trouble {
	if (e instanceof Lost) return { tone: "wait", title: w.noAnswer, text: w.noAnswerText, again: true };
	if (e instanceof Refused) return { tone: busy(e) ? "wait" : "bad", text: outcome(e.code, e.sentence), code: e.code, again: busy(e) };
	if (e instanceof DOMException && e.name === "QuotaExceededError") return { tone: "bad", title: w.full, text: w.fullText, again: true };
	throw e;
}

interface SorryProps {
	trouble: Trouble;
	title: Text;
	// again is offered whatever the trouble is, retry where it may help.
	again?: () => void;
	retry?: () => void;
}

// Sorry shows trouble with the one button that helps.
export function Sorry({ trouble: t, title, again, retry }: SorryProps) {
	const press = again ?? (t.again ? retry : undefined);
	return (
		<Verdict tone={t.tone} title={say(t.title ?? title)} text={say(t.text)} code={t.code}>
			{press && (
				<Button icon="again" onPress={press}>
					{say(w.again)}
				</Button>
			)}
		</Verdict>
	);
}
