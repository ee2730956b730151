import { useSignal } from "@preact/signals";
import { amountOf } from "../ui/AmountPad";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { FromFile } from "../ui/FromFile";
import { Icon } from "../ui/Icon";
import { yuan } from "../ui/money";
import { show, theme, type Theme } from "../ui/theme";
import { say, type Text } from "../ui/words";
import { call } from "./call";
import { Passkeys } from "./Passkeys";
import { sessionEnded } from "./session";
import { channels, goods, merchant, setChannels, setGoods, staff, stand, standing, tills } from "./state";
import { t } from "./words";

const themes: [Theme, Text][] = [["system", t.system], ["light", t.light], ["dark", t.dark]];

// More is what the shop sets up on this tablet.
export function More() {
	const leave = async () => {
		await call("SignOut", {}).catch(() => {});
		await sessionEnded();
	};
	return (
		<div class="stack more">
			<Goods />
			<Channels />
			<section class="stack">
				<h2>{say(t.till)}</h2>
				<ChooseTill />
			</section>
			<section class="stack">
				<h2>{say(t.theme)}</h2>
				<div class="tabs" role="group">
					{themes.map(([name, text]) => (
						<button key={name} type="button" aria-pressed={theme.value === name} onClick={() => show(name)}>
							{say(text)}
						</button>
					))}
				</div>
			</section>
			<Passkeys />
			<section class="stack">
				<p>
					{say(t.signedInAs)} <strong>{staff.value}</strong> · <bdi>{merchant.value}</bdi>
				</p>
				<Button kind="danger" id="sign-out" onPress={() => void leave()}>
					{say(t.signOut)}
				</Button>
			</section>
		</div>
	);
}

// ChooseTill says where this tablet stands.
export function ChooseTill() {
	return (
		<ul class="list">
			{tills.value
				.filter((x) => !x.closed)
				.map((x) => (
					<li key={x.till}>
						<button type="button" class="line" aria-pressed={x.till === standing.value} onClick={() => stand(x.till)}>
							<span class="title">
								<bdi>{x.name}</bdi>
							</span>
							{x.till === standing.value && (
								<span class="value">
									<Icon name="check" />
								</span>
							)}
						</button>
					</li>
				))}
		</ul>
	);
}

function Kept({ name, note, onDrop }: { name: string; note: string; onDrop: () => void }) {
	return (
		<li>
			<div class="line">
				<span class="what">
					<span class="title">
						<bdi>{name}</bdi>
					</span>
					<span class="note">{note}</span>
				</span>
				<button type="button" class="round" aria-label={say(t.take(name))} onClick={onDrop}>
					<Icon name="trash" />
				</button>
			</div>
		</li>
	);
}

function Goods() {
	const name = useSignal("");
	const price = useSignal("");
	const wrong = useSignal(false);
	const add = () => {
		const fen = amountOf(price.value);
		const called = name.value.trim();
		wrong.value = called === "" || fen === 0;
		if (wrong.value) return;
		setGoods([...goods.value.filter((g) => g.name !== called), { name: called, price: fen }]);
		name.value = price.value = "";
	};
	return (
		<section class="stack">
			<h2>{say(t.goods)}</h2>
			{goods.value.length > 0 && (
				<ul class="list">
					{goods.value.map((g) => (
						<Kept key={g.name} name={g.name} note={yuan(g.price)} onDrop={() => setGoods(goods.value.filter((x) => x !== g))} />
					))}
				</ul>
			)}
			<form
				class="stack"
				onSubmit={(e) => {
					e.preventDefault();
					add();
				}}
			>
				<Field label={say(t.goodName)} value={name} name="good" maxLength={20} />
				<Field label={say(t.goodPrice)} value={price} name="price" inputMode="decimal" maxLength={10} error={wrong.value ? say(t.goodWrong) : undefined} onChange={() => (wrong.value = false)} />
				<Button submit id="add-good" onPress={() => {}}>
					{say(t.add)}
				</Button>
			</form>
		</section>
	);
}

function Channels() {
	const label = useSignal("");
	const link = useSignal("");
	const said = useSignal<Text | undefined>(undefined);
	const picture = async (file: File | undefined) => {
		if (!file) return;
		const found = await (await import("../ui/decode")).fromPicture(file);
		said.value = found === undefined ? t.noCode : undefined;
		if (found !== undefined) link.value = found;
	};
	const add = () => {
		const called = label.value.trim();
		const says = link.value.trim();
		said.value = called === "" || says === "" ? t.channelWrong : undefined;
		if (said.value) return;
		setChannels([...channels.value.filter((c) => c.label !== called), { label: called, link: says }]);
		label.value = link.value = "";
	};
	return (
		<section class="stack">
			<h2>{say(t.channels)}</h2>
			<p class="small">{say(t.channelsText)}</p>
			{channels.value.length > 0 && (
				<ul class="list">
					{channels.value.map((c) => (
						<Kept key={c.label} name={c.label} note={c.link} onDrop={() => setChannels(channels.value.filter((x) => x !== c))} />
					))}
				</ul>
			)}
			<form
				class="stack"
				onSubmit={(e) => {
					e.preventDefault();
					add();
				}}
			>
				<Field label={say(t.channelName)} value={label} name="channel" maxLength={20} />
				<Field label={say(t.channelLink)} value={link} name="link" maxLength={1000} error={said.value ? say(said.value) : undefined} onChange={() => (said.value = undefined)} />
				<FromFile icon="image" label={say(t.channelPicture)} onFile={(f) => void picture(f)} />
				<Button submit id="add-channel" onPress={() => {}}>
					{say(t.add)}
				</Button>
			</form>
		</section>
	);
}
