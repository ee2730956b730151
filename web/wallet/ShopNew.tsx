import { useSignal } from "@preact/signals";
import { Button } from "../ui/Button";
import { Choice } from "../ui/Choice";
import { Field } from "../ui/Field";
import { FromFile } from "../ui/FromFile";
import { Picture, shrunk } from "../ui/Picture";
import { Screen } from "../ui/Screen";
import { say } from "../ui/words";
import { begin, live } from "./acts";
import { newID } from "../wire/begun";
import { back, go } from "./nav";
import { kinds, s } from "./shopwords";
import { Sorry, trouble, type Trouble } from "./trouble";
import { w } from "./words";

const maxName = 40;
const maxCategory = 20;

interface Wish {
	name: string;
	kind: string;
	category: string;
	picture: Uint8Array<ArrayBuffer>;
}

// before is what was applied for last and refused at once: nobody types it again.
const before = (): Partial<Wish> => {
	const last = live.value.find((a) => a.kind === "ApplyShop");
	return last?.state === "refused" ? (last.request as unknown as Wish) : {};
};

// NewShop applies for a shop. The application's id is made with the page, so that a
// double tap is one application.
export function NewShop() {
	const was = before();
	const id = useSignal(newID());
	const name = useSignal(was.name ?? "");
	const kind = useSignal(was.kind ?? "stall");
	const category = useSignal(was.category ?? "");
	const picture = useSignal(was.picture);
	const asked = useSignal(false);
	const busy = useSignal(false);
	const failed = useSignal<Trouble | undefined>(undefined);
	const wrong = asked.value && name.value.trim() === "" ? say(s.nameless) : undefined;
	const send = async () => {
		asked.value = true;
		const p = picture.value;
		if (busy.value || name.value.trim() === "" || !p) return;
		busy.value = true;
		failed.value = undefined;
		try {
			const wish: Wish = { name: name.value.trim(), kind: kind.value, category: category.value.trim(), picture: p };
			await begin({ id: id.value, kind: "ApplyShop", amount: 0, who: wish.name, what: wish.category, request: { ...wish, clientId: id.value } });
			go(`/act/${id.value}`, true);
		} catch (e) {
			failed.value = trouble(e);
			busy.value = false;
		}
	};
	return (
		<Screen title={say(s.open)} onBack={back} foot={<Button kind="primary" id="apply" busy={busy.value} onPress={() => void send()}>{say(s.send)}</Button>}>
			<Field label={say(s.name)} value={name} name="shop" maxLength={maxName} hint={say(s.nameHint)} error={wrong} />
			<Choice label={say(s.kind)} value={kind} among={kinds} name="kind" />
			<Field label={say(s.category)} value={category} name="category" maxLength={maxCategory} />
			<Taken picture={picture} missing={asked.value && !picture.value} />
			{failed.value && <Sorry trouble={failed.value} title={w.notDone} />}
		</Screen>
	);
}

// Taken is the picture: by the camera, or of those that are there.
function Taken({ picture, missing }: { picture: { value: Uint8Array<ArrayBuffer> | undefined }; missing: boolean }) {
	const busy = useSignal(false);
	const unreadable = useSignal(false);
	const take = async (file: File | undefined) => {
		if (!file) return;
		busy.value = true;
		unreadable.value = false;
		const made = await shrunk(file);
		busy.value = false;
		unreadable.value = made === undefined;
		if (made) picture.value = made;
	};
	return (
		<section class="stack tight">
			<h2>{say(s.picture)}</h2>
			<p class="small">{say(s.pictureText)}</p>
			{picture.value && <Picture data={picture.value} label={say(s.picture)} />}
			<div class="side">
				<FromFile icon="camera" label={say(s.camera)} camera busy={busy.value} onFile={(f) => void take(f)} />
				<FromFile icon="image" label={say(s.file)} busy={busy.value} onFile={(f) => void take(f)} />
			</div>
			{(unreadable.value || missing) && (
				<p class="said wrong" role="alert">
					{say(unreadable.value ? s.unreadable : s.pictureless)}
				</p>
			)}
		</section>
	);
}
