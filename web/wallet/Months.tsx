import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Amount } from "../ui/Amount";
import { Chart } from "../ui/Chart";
import { Row, Rows } from "../ui/List";
import { yuan } from "../ui/money";
import { Screen } from "../ui/Screen";
import { Skeleton, Verdict } from "../ui/State";
import { month as monthName, shortMonth } from "../ui/time";
import { say } from "../ui/words";
import { b } from "./billwords";
import { byMonth, latest, since, startOf, type Month } from "./past";
import { back } from "./nav";
import { note, older } from "./state";
import { Sorry, trouble, type Trouble } from "./trouble";
import { w } from "./words";

const shown = 6;

// Months is what came and went month by month: a picture, and the numbers beneath it.
export function Months() {
	const months = useSignal<Month[] | undefined>(undefined);
	const failed = useSignal<Trouble | undefined>(undefined);
	const names = latest(shown, Date.now());
	const load = async () => {
		failed.value = undefined;
		try {
			const { list } = await since(startOf(names[0] ?? ""));
			older.value = list;
			const found = byMonth(list);
			months.value = names.map((name) => found.find((m) => m.month === name) ?? { month: name, came: 0, went: 0, count: 0 });
		} catch (e) {
			note(e);
			failed.value = trouble(e);
		}
	};
	useEffect(() => void load(), []);
	const list = months.value;
	return (
		<Screen title={say(b.monthsOf)} onBack={back} wide>
			{failed.value ? (
				<Sorry trouble={failed.value} title={w.noAnswer} again={() => void load()} />
			) : list === undefined ? (
				<Skeleton />
			) : list.every((m) => m.count === 0) ? (
				<Verdict tone="info" icon="bill" title={say(w.noBills)} text={say(w.noBillsText)} />
			) : (
				<div class="cols">
					<section class="card">
						<Chart
							label={list.map((m) => `${monthName(startOf(m.month))}: ${say(w.in)} ${yuan(m.came)}, ${say(w.out)} ${yuan(m.went)}`).join("; ")}
							up={say(w.in)}
							down={say(w.out)}
							bars={list.map((m) => ({ name: shortMonth(startOf(m.month)), label: m.month, up: m.came, down: m.went }))}
						/>
					</section>
					<Rows>
						{[...list]
							.reverse()
							.filter((m) => m.count > 0)
							.map((m) => (
								<Row
									title={monthName(startOf(m.month))}
									note={`${say(w.in)} ${yuan(m.came)} · ${say(w.out)} ${yuan(m.went)}`}
									value={<Amount fen={m.came - m.went} flow />}
									href={`/bills?month=${m.month}`}
								/>
							))}
					</Rows>
				</div>
			)}
		</Screen>
	);
}
