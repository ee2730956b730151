import { useSignal } from "@preact/signals";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { FromFile } from "../ui/FromFile";
import { Camera } from "../ui/Scanner";
import { Screen } from "../ui/Screen";
import { say, told, type Text } from "../ui/words";
import { back, go } from "./nav";
import { about } from "./codes";
import { printed } from "./Printed";
import { w } from "./words";

const decoder = () => import("../ui/decode");

// take goes where a code leads, or says why it leads nowhere here.
function take(text: string): Text | undefined {
	const what = about(text);
	switch (what.kind) {
		case "pay":
			go(`/pay/${encodeURIComponent(what.code)}`, true);
			return undefined;
		case "till":
			go(printed(what.token), true);
			return undefined;
		case "packet":
			go(`/packet#${what.link}`, true);
			return undefined;
		case "person":
			go(`/transfer#${encodeURIComponent(what.code)}`, true);
			return undefined;
		case "signin":
			go(`/signin#${what.hash}`, true);
			return undefined;
		case "foreign":
			return { zh: w.whose(w[what.whose].zh).zh, en: w.whose(w[what.whose].en).en };
		default:
			return w.notOurs;
	}
}

// Scan reads a code: by the camera, from a picture, or typed.
export function Scan() {
	const typed = useSignal("");
	const said = useSignal<Text | undefined>(undefined);
	const wrong = useSignal<Text | undefined>(undefined);
	const busy = useSignal(false);
	const picture = async (file: File | undefined) => {
		if (!file) return;
		busy.value = true;
		said.value = undefined;
		try {
			const text = await (await decoder()).fromPicture(file);
			said.value = text === undefined ? w.noCode : take(text);
		} catch {
			said.value = w.stale;
		} finally {
			busy.value = false;
		}
	};
	return (
		<Screen title={say(w.scanTitle)} onBack={back}>
			<Camera words={{ aim: w.aim, off: w.cameraOff, refused: w.cameraRefused }} onText={(t) => (said.value = take(t))} />
			{said.value && (
				<p class="said wrong" role="alert">
					{say(said.value)}
				</p>
			)}
			<FromFile icon="image" label={say(w.fromPicture)} busy={busy.value} onFile={(f) => void picture(f)} />
			<form
				class="stack tight"
				onSubmit={(e) => {
					e.preventDefault();
					wrong.value = take(typed.value);
				}}
			>
				<Field label={say(w.typeIt)} value={typed} name="link" error={told(wrong.value)} maxLength={2000} />
				<Button submit disabled={typed.value.trim() === ""} onPress={() => {}}>
					{say(w.go)}
				</Button>
			</form>
		</Screen>
	);
}
