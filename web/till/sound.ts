// What the till says aloud. Voices that send text away are not used: amounts are
// nobody's business.
import { signal } from "@preact/signals";
import { digits, type Fen } from "../ui/money";
import { lang, say, tag, type Text } from "../ui/words";
import { t } from "./words";

let speaker: AudioContext | undefined;

// silent says that the browser lets no page be heard before it was touched.
export const silent = signal(false);

// listenForTouch readies the sound as soon as the browser allows it.
export function listenForTouch(): void {
	if (typeof AudioContext === "undefined") return;
	speaker = new AudioContext();
	const heard = () => (silent.value = speaker?.state !== "running");
	heard();
	speaker.onstatechange = heard;
	const touched = () => void speaker?.resume().catch(() => {});
	for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, touched, true);
}

// tones are the pitches of what happened, each so many seconds after it began.
const tones = {
	paid: [[660, 0], [880, 0.14]],
	late: [[880, 0], [660, 0.2], [880, 0.4], [660, 0.6], [880, 0.8], [660, 1]],
	bad: [[220, 0], [196, 0.2]],
} as const;

export type Tone = keyof typeof tones;

export function sound(tone: Tone): void {
	if (!speaker || speaker.state !== "running") return;
	for (const [pitch, after] of tones[tone]) {
		const voice = speaker.createOscillator();
		const volume = speaker.createGain();
		const at = speaker.currentTime + after;
		voice.frequency.value = pitch;
		volume.gain.setValueAtTime(0.0001, at);
		volume.gain.exponentialRampToValueAtTime(0.6, at + 0.02);
		volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.25);
		voice.connect(volume).connect(speaker.destination);
		voice.start(at);
		voice.stop(at + 0.3);
	}
}

// speakAmount says a sentence with an amount in it.
export function speakAmount(of: (amount: string) => Text, fen: Fen): void {
	if (typeof speechSynthesis === "undefined") return;
	const voice = speechSynthesis.getVoices().find((v) => v.localService && v.lang.toLowerCase().startsWith(lang.value));
	if (!voice) return;
	const words = new SpeechSynthesisUtterance(say(of(`${digits(fen).replace(/,/g, "")} ${say(t.yuan)}`)));
	words.voice = voice;
	words.lang = tag();
	speechSynthesis.cancel();
	speechSynthesis.speak(words);
}
