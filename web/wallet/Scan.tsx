import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { Icon } from "../ui/Icon";
import { Screen } from "../ui/Screen";
import { say, type Text } from "../ui/words";
import { back, go } from "./nav";
import { about } from "./codes";
import { w } from "./words";

const decoder = () => import("./decode");

// take goes where a code leads, or says why it leads nowhere here.
function take(text: string): string | undefined {
	const what = about(text);
	switch (what.kind) {
		case "pay":
			go(`/pay/${encodeURIComponent(what.code)}`, true);
			return undefined;
		case "packet":
			go(`/packet#${what.link}`, true);
			return undefined;
		case "person":
			go(`/transfer#${encodeURIComponent(what.code)}`, true);
			return undefined;
		case "foreign":
			return say(w.whose(say(w[what.whose])));
		default:
			return say(w.notOurs);
	}
}

// Scan reads a code: by the camera, from a picture, or typed.
export function Scan() {
	const typed = useSignal("");
	const said = useSignal<string | undefined>(undefined);
	const wrong = useSignal<string | undefined>(undefined);
	const busy = useSignal(false);
	const picture = async (file: File | undefined) => {
		if (!file) return;
		busy.value = true;
		said.value = undefined;
		try {
			const text = await (await decoder()).fromPicture(file);
			said.value = text === undefined ? say(w.noCode) : take(text);
		} catch {
			said.value = say(w.stale);
		} finally {
			busy.value = false;
		}
	};
	return (
		<Screen title={say(w.scanTitle)} onBack={back}>
			<Camera onText={(t) => (said.value = take(t))} />
			{said.value && (
				<p class="said wrong" role="alert">
					{said.value}
				</p>
			)}
			<label class="button file">
				{busy.value ? <span class="spinner" aria-hidden="true" /> : <Icon name="image" />}
				<span>{say(w.fromPicture)}</span>
				<input
					type="file"
					accept="image/*"
					onChange={(e) => {
						void picture(e.currentTarget.files?.[0]);
						e.currentTarget.value = "";
					}}
				/>
			</label>
			<form
				class="stack tight"
				onSubmit={(e) => {
					e.preventDefault();
					wrong.value = take(typed.value);
				}}
			>
				<Field label={say(w.typeIt)} value={typed} name="link" error={wrong.value} maxLength={2000} />
				<Button submit disabled={typed.value.trim() === ""} onPress={() => {}}>
					{say(w.go)}
				</Button>
			</form>
		</Screen>
	);
}

const every = 200;
const side = 640;
// hardEach is how often a frame is looked at in every way, which takes its time.
const hardEach = 5;

// Camera looks for a code until there is one, and gives the camera back when it is left.
function Camera({ onText }: { onText: (text: string) => void }) {
	const video = useRef<HTMLVideoElement>(null);
	const state = useSignal<"starting" | "on" | Text>("starting");
	useEffect(() => {
		let stream: MediaStream | undefined;
		let timer: ReturnType<typeof setTimeout> | undefined;
		let left = false;
		const start = async () => {
			if (!navigator.mediaDevices?.getUserMedia) {
				state.value = w.cameraOff;
				return;
			}
			try {
				stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
			} catch (e) {
				state.value = e instanceof DOMException && e.name === "NotAllowedError" ? w.cameraRefused : w.cameraOff;
				return;
			}
			const shown = video.current;
			if (left || !shown) return stop();
			shown.srcObject = stream;
			await shown.play().catch(() => {});
			state.value = "on";
			const { decode, pixels } = await decoder();
			let last = "";
			let frames = 0;
			const look = () => {
				if (left) return;
				if (shown.videoWidth > 0) {
					const text = decode(pixels(shown, shown.videoWidth, shown.videoHeight, side), ++frames % hardEach === 0);
					if (text !== undefined && text !== last) {
						last = text;
						navigator.vibrate?.(30);
						onText(text);
					}
				}
				timer = setTimeout(look, every);
			};
			look();
		};
		const stop = () => {
			left = true;
			clearTimeout(timer);
			for (const track of stream?.getTracks() ?? []) track.stop();
		};
		void start();
		return stop;
	}, []);
	const off = typeof state.value !== "string";
	return (
		<div class={`camera ${off ? "off" : ""}`}>
			<video ref={video} muted playsInline hidden={off} aria-label={say(w.aim)} />
			<p role="status">{off ? say(state.value as Text) : say(w.aim)}</p>
		</div>
	);
}
