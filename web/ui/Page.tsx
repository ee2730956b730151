import { Component, render, type ComponentChildren } from "preact";
import { Button } from "./Button";
import { Screen } from "./Screen";
import { Verdict } from "./State";
import { say, type Text } from "./words";

// sandbox says that no real money moves: it is what the page was served as.
export const sandbox = document.querySelector('meta[name="holdfast-sandbox"]') !== null;

// Line says something above every page, in the language that is chosen.
export function Line({ text }: { text: Text }) {
	return <aside class="sandbox">{say(text)}</aside>;
}

export interface NetProps {
	words: { name: Text; broken: Text; brokenText: Text; reload: Text };
	children: ComponentChildren;
}

// Net catches what no screen expected: the person gets a sentence and a way on, never a
// blank page. What was begun goes on by itself.
export class Net extends Component<NetProps, { failed: boolean }> {
	override state = { failed: false };

	static override getDerivedStateFromError() {
		return { failed: true };
	}

	override componentDidCatch(e: unknown) {
		console.error(e);
	}

	override render() {
		if (!this.state.failed) return this.props.children;
		const w = this.props.words;
		return (
			<Screen title={say(w.name)}>
				<Verdict tone="bad" title={say(w.broken)} text={say(w.brokenText)}>
					<Button icon="again" onPress={() => location.reload()}>
						{say(w.reload)}
					</Button>
				</Verdict>
			</Screen>
		);
	}
}

// mount puts the page in the place of what was served to be seen until it is there.
export function mount(page: ComponentChildren): void {
	const root = document.getElementById("app");
	if (!root) return;
	root.textContent = "";
	render(page, root);
}
