import { Icon } from "./Icon";
import { moment } from "./time";

// Step is something that happened, or is to happen.
export interface Step {
	what: string;
	at?: number;
	note?: string | undefined;
	state: "done" | "now" | "failed" | "next";
}

const icons = { done: "check", now: "clock", failed: "warn", next: "clock" } as const;

// TimeLine says what happened, when, and what comes next.
export function TimeLine({ steps }: { steps: Step[] }) {
	return (
		<ol class="timeline">
			{steps.map((s) => (
				<li class={s.state} aria-current={s.state === "now" ? "step" : undefined}>
					<Icon name={icons[s.state]} />
					<span class="what">{s.what}</span>
					{s.at ? <time dateTime={new Date(s.at).toISOString()}>{moment(s.at)}</time> : null}
					{s.note && <span class="note">{s.note}</span>}
				</li>
			))}
		</ol>
	);
}
