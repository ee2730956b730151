import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import "../ui/ui.css";
import "./wallet.css";
import { Button } from "../ui/Button";
import { Line, mount, Net, sandbox } from "../ui/Page";
import { Screen } from "../ui/Screen";
import { Copyable, Skeleton, Verdict } from "../ui/State";
import { show as showTheme, theme } from "../ui/theme";
import { lang, say, tag } from "../ui/words";
import { resume } from "./acts";
import { ActPage } from "./ActPage";
import { Bills } from "./Bills";
import { AskedFor, PayCode, Receive } from "./ShownCodes";
import { follow as stream } from "./follow";
import { Home } from "./Home";
import { lazy } from "./lazy";
import { back, follow, go, place } from "./nav";
import { renew } from "./paycode";
import { PacketAstray, PacketPage, Packets } from "./Packets";
import { Pay } from "./Pay";
import { Printed } from "./Printed";
import { Scan } from "./Scan";
import { FreePage, PinPage, Settings } from "./Settings";
import { device, hear, look, note, online, reached, refresh, removed, start } from "./state";
import { forget, usable } from "./store";
import { Transfer, TransferPage } from "./Transfer";
import { watch } from "../wire/updates";
import { Welcome } from "./Welcome";
import { w } from "./words";

const BillPage = lazy(() => import("./Bill").then((m) => m.BillPage), true);
const NewReport = lazy(() => import("./Reports").then((m) => m.NewReport), true);
const ReportPage = lazy(() => import("./Reports").then((m) => m.ReportPage), true);
const PasskeysPage = lazy(() => import("./Safety").then((m) => m.PasskeysPage), true);
const LimitsPage = lazy(() => import("./Safety").then((m) => m.LimitsPage), true);
const BlockPage = lazy(() => import("./Safety").then((m) => m.BlockPage), true);
const Months = lazy(() => import("./Months").then((m) => m.Months), true);
const NewShop = lazy(() => import("./myshops").then((m) => m.NewShop), true);
const ShopPage = lazy(() => import("./myshops").then((m) => m.ShopPage), true);
const Shops = lazy(() => import("./myshops").then((m) => m.Shops), true);
const Takings = lazy(() => import("./myshops").then((m) => m.Takings), true);
const SignInPage = lazy(() => import("./myshops").then((m) => m.SignInPage), true);
const WorkPage = lazy(() => import("./myshops").then((m) => m.WorkPage), true);
const Reports = lazy(() => import("./Reports").then((m) => m.Reports), true);
const Gallery = lazy(() => import("./gallery").then((m) => m.Gallery));

// Page is the screen of an address.
function Page() {
	const { path, hash } = place.value;
	const [, first = "", second = "", third] = path.split("/");
	if (third === undefined) {
		const part = decodeURIComponent(second);
		switch (`${first}${second ? "/*" : ""}`) {
			case "":
				return <Home />;
			case "scan":
				return <Scan />;
			case "pay/*":
				return <Pay key={part} code={part} />;
			case "c/*":
				return <Printed key={part} token={part} />;
			case "act/*":
				return <ActPage key={part} id={part} />;
			case "bills":
				return <Bills />;
			case "bill/*":
				return <BillPage key={part} entry={part} />;
			case "report/*":
				return <NewReport key={part} subject={part} />;
			case "reports":
				return <Reports />;
			case "reports/*":
				return <ReportPage key={part} id={part} />;
			case "transfer":
				return <Transfer key={hash} code={decodeURIComponent(hash)} />;
			case "paycode":
				return <PayCode />;
			case "receive":
				return <Receive />;
			case "transfer/*":
				return <TransferPage key={part} id={part} />;
			case "packets":
				return <Packets />;
			case "packet":
				return hash ? <PacketPage key={hash} link={hash} /> : <PacketAstray />;
			case "block":
				return <BlockPage />;
			case "months":
				return <Months />;
			case "shops":
				return <Shops />;
			case "shops/*":
				return part === "new" ? <NewShop /> : <ShopPage key={part} id={part} />;
			case "takings/*":
				return <Takings key={part} id={part} />;
			case "signin":
				return <SignInPage key={hash} code={hash} />;
			case "work":
				return <WorkPage />;
			case "settings":
				return <Settings />;
			case "settings/*":
				if (part === "pin") return <PinPage />;
				if (part === "free") return <FreePage />;
				if (part === "passkeys") return <PasskeysPage />;
				if (part === "limits") return <LimitsPage />;
		}
	}
	return (
		<Screen title={say(w.name)} onBack={back}>
			<Verdict tone="info" title={say(w.astray)}>
				<Button onPress={() => go("/", true)}>{say(w.home)}</Button>
			</Verdict>
		</Screen>
	);
}

function App() {
	const holds = useSignal<Awaited<ReturnType<typeof usable>> | undefined>(undefined);
	useEffect(() => {
		document.documentElement.lang = tag();
		void refresh(); // some of what is shown are the platform's own sentences
	}, [lang.value]);
	useEffect(() => {
		void begin().then((h) => (holds.value = h));
	}, []);
	useEffect(() => {
		if (!device.value) return;
		void look();
		void renew().catch(note);
		return stream((news, anew) => {
			hear(news, anew);
			if (!anew && news.happened.length === 0) return; // a shop's takings are nothing of the wallet
			void refresh();
			void look();
		});
	}, [device.value]);
	if (sandbox && place.value.path === "/ui") return <Gallery />;
	if (holds.value !== undefined && holds.value !== "yes") return <Unusable why={holds.value} />;
	if (removed.value) return <Removed />;
	if (device.value === undefined) return <Screen title={say(w.name)}><Skeleton /></Screen>;
	if (device.value === null) return <Welcome sandbox={sandbox} />;
	return (
		<>
			<Page />
			<AskedFor />
		</>
	);
}

// begin reads what this browser keeps, and goes on with what was begun.
async function begin(): ReturnType<typeof usable> {
	const holds = await usable();
	if (holds !== "yes" && holds !== "full") return holds;
	await resume(); // first: a page must know what was begun before it offers to begin it
	await start();
	return holds;
}

function Unusable({ why }: { why: string }) {
	return (
		<Screen title={say(w.name)}>
			<Verdict tone="bad" icon="lock" title={say(why === "full" ? w.full : w.unusable)} text={say(why === "full" ? w.fullText : w.unusableText)}>
				{why === "full" ? (
					<Button icon="again" onPress={() => location.reload()}>
						{say(w.again)}
					</Button>
				) : (
					<Copyable label={say(w.copyLink)} value={location.href} />
				)}
			</Verdict>
		</Screen>
	);
}

function Removed() {
	const busy = useSignal(false);
	const again = async () => {
		busy.value = true;
		await forget();
		location.reload();
	};
	return (
		<Screen title={say(w.name)} foot={<Button kind="primary" busy={busy.value} onPress={() => void again()}>{say(w.signIn)}</Button>}>
			<Verdict tone="bad" icon="phone" title={say(w.removed)} text={say(w.removedText)} />
		</Screen>
	);
}

showTheme(theme.value);
follow();
window.addEventListener("online", () => {
	online.value = true;
	reached.value = true;
	void refresh();
});
window.addEventListener("offline", () => (online.value = false));
document.addEventListener("visibilitychange", () => {
	if (document.visibilityState === "visible") void refresh();
});
mount(
	<Net words={w}>
		{sandbox && <Line text={w.sandbox} />}
		<App />
	</Net>,
);
void watch("/sw.js");
