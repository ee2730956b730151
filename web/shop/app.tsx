import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import "../ui/ui.css";
import "./shop.css";
import { Button } from "../ui/Button";
import { Line, mount } from "../ui/Page";
import { Screen } from "../ui/Screen";
import { Skeleton, Verdict } from "../ui/State";
import { show as showTheme, theme } from "../ui/theme";
import { lang, say, tag } from "../ui/words";
import { shelf, type Shelf } from "./api";
import { Behind } from "./Behind";
import { Goods } from "./Goods";
import { Checkout } from "./Checkout";
import { OrderPage } from "./OrderPage";
import { go, path } from "./nav";
import { s } from "./words";

const held = signal<Shelf | undefined>(undefined);
const away = signal(false);

function load(): void {
	away.value = false;
	shelf().then(
		(x) => (held.value = x),
		() => (away.value = true),
	);
}

function App() {
	useEffect(() => {
		document.documentElement.lang = tag();
	}, [lang.value]);
	const [, first, second] = path.value.split("/");
	if (away.value) {
		return (
			<Screen title={say(s.name)}>
				<Verdict tone="wait" title={say(s.away)}>
					<Button icon="again" onPress={load}>
						{say(s.again)}
					</Button>
				</Verdict>
			</Screen>
		);
	}
	const x = held.value;
	if (!x) {
		return (
			<Screen title={say(s.name)}>
				<Skeleton />
			</Screen>
		);
	}
	if (first === "order" && second) return <OrderPage key={second} no={second} shelf={x} />;
	if (first === "checkout") return <Checkout shelf={x} />;
	if (first === "behind") return <Behind />;
	if (first) go("/", true);
	return <Goods shelf={x} />;
}

showTheme(theme.value);
load();
mount(
	<>
		<Line text={s.demo} />
		<App />
	</>,
);
