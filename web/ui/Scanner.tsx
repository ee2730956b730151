import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { say, type Text } from "./words";

const every = 200;
const side = 640;
// hardEach is how often a frame is looked at in every way, which takes its time.
const hardEach = 5;

export interface CameraProps {
	onText: (text: string) => void;
	// words say what to aim at, that there is no camera, and that it was refused.
	words: { aim: Text; off: Text; refused: Text };
}

// Camera looks for a code until there is one, and gives the camera back when it is left.
export function Camera({ onText, words }: CameraProps) {
	const video = useRef<HTMLVideoElement>(null);
	const state = useSignal<"starting" | "on" | Text>("starting");
	useEffect(() => {
		let stream: MediaStream | undefined;
		let timer: ReturnType<typeof setTimeout> | undefined;
		let left = false;
		const start = async () => {
			if (!navigator.mediaDevices?.getUserMedia) {
				state.value = words.off;
				return;
			}
			try {
				stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
			} catch (e) {
				state.value = e instanceof DOMException && e.name === "NotAllowedError" ? words.refused : words.off;
				return;
			}
			const shown = video.current;
			if (left || !shown) return stop();
			shown.srcObject = stream;
			await shown.play().catch(() => {});
			state.value = "on";
			const { decode, pixels } = await import("./decode");
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
			<video ref={video} muted playsInline hidden={off} aria-label={say(words.aim)} />
			<p role="status">{off ? say(state.value as Text) : say(words.aim)}</p>
		</div>
	);
}
