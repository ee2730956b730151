// What several of the till's screens have.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Button } from "../ui/Button";
import { QR } from "../ui/Code";
import { Camera } from "../ui/Scanner";
import { Sheet } from "../ui/Sheet";
import { Banner, Verdict } from "../ui/State";
import { clock } from "../ui/time";
import { say, together, type Text } from "../ui/words";
import type { Deed } from "./deeds";
import { wake } from "./deeds";
import { channels } from "./state";
import { refusals, t } from "./words";

// sentence is what the till says for an outcome, else what the platform said.
export const sentence = (d: Pick<Deed, "code" | "sentence">): string => {
	const own = refusals[d.code ?? ""];
	return own ? say(own) : (d.sentence ?? "");
};

// Lost says since when the platform has not answered, and what helps.
export function Lost({ since }: { since: number }) {
	const open = useSignal(false);
	return (
		<div class="stack lost">
			<Banner tone="wait">
				<strong>{say(t.lost(clock(since)))}</strong>
				<p>{say(t.lostText)}</p>
			</Banner>
			<div class="side">
				<Button icon="again" onPress={wake}>
					{say(t.askNow)}
				</Button>
				<Button icon="code" onPress={() => (open.value = true)}>
					{say(t.otherWays)}
				</Button>
			</div>
			<OtherWays open={open.value} onClose={() => (open.value = false)} />
		</div>
	);
}

// OtherWays shows the codes of the merchant's other channels.
export function OtherWays({ open, onClose }: { open: boolean; onClose: () => void }) {
	return (
		<Sheet open={open} title={say(t.otherWays)} onClose={onClose} dialog>
			<p>{say(channels.value.length > 0 ? t.otherWaysText : t.noOtherWays)}</p>
			<div class="channels">
				{channels.value.map((c) => (
					<figure key={c.label}>
						<QR text={c.link} label={c.label} />
						<figcaption>
							<bdi>{c.label}</bdi>
						</figcaption>
					</figure>
				))}
			</div>
		</Sheet>
	);
}

export interface ProgressProps {
	deed: Deed;
	going: Text;
	done: { title: Text; text?: string; tone?: "good" | "wait" | "bad" | undefined };
	refused: Text;
	note?: Text;
	children?: ComponentChildren;
}

// Progress shows a deed until its end.
export function Progress({ deed: d, going, done, refused, note, children }: ProgressProps) {
	if (d.state === "sending") {
		return (
			<>
				<Verdict tone="wait" title={say(going)}>
					{children}
				</Verdict>
				{d.lostSince ? <Lost since={d.lostSince} /> : null}
			</>
		);
	}
	if (d.state === "refused") return <Verdict tone="bad" title={say(refused)} text={together(sentence(d), note ? say(note) : "")} code={d.code} />;
	return (
		<Verdict tone={done.tone ?? "good"} title={say(done.title)} text={done.text}>
			{children}
		</Verdict>
	);
}

// ScanSheet looks for one code with the camera.
export function ScanSheet({ open, title, aim, onText, onClose, children }: { open: boolean; title: Text; aim: Text; onText: (text: string) => void; onClose: () => void; children?: ComponentChildren }) {
	return (
		<Sheet open={open} title={say(title)} onClose={onClose} dialog>
			<Camera words={{ aim, off: t.cameraOff, refused: t.cameraRefused }} onText={onText} />
			{children}
		</Sheet>
	);
}
