import type { ComponentType, VNode } from "preact";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../ui/Button";
import { Screen } from "../ui/Screen";
import { Skeleton } from "../ui/State";
import { say, type Text } from "../ui/words";
import { back } from "./nav";
import { w } from "./words";

// lazy is a component that is loaded when it is first shown. A part that can't be
// loaded belongs to a version that is gone, or the network is: both end in a button.
// A whole screen waits as one, with the way back.
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>, screen = false): ComponentType<P> {
	const framed = (title: Text, inside: VNode) => (screen ? <Screen title={say(title)} onBack={back}>{inside}</Screen> : inside);
	let loaded: ComponentType<P> | undefined;
	return function Lazy(props: P) {
		const ready = useSignal(loaded !== undefined);
		const failed = useSignal(false);
		useEffect(() => {
			if (loaded) return;
			load().then(
				(c) => {
					loaded = c;
					ready.value = true;
				},
				() => (failed.value = true),
			);
		}, []);
		if (failed.value) {
			return framed(
				w.name,
				<div class="stack">
					<p role="alert">{say(w.stale)}</p>
					<Button icon="again" onPress={() => location.reload()}>
						{say(w.reload)}
					</Button>
				</div>,
			);
		}
		if (!ready.value || !loaded) return framed(w.loading, <Skeleton lines={2} />);
		const Loaded = loaded;
		return <Loaded {...props} />;
	};
}
