import { Amount } from "../ui/Amount";
import { Button } from "../ui/Button";
import { yuan } from "../ui/money";
import { Screen } from "../ui/Screen";
import { say } from "../ui/words";
import type { Good, Shelf } from "./api";
import { cart, due, known, pieces, put } from "./cart";
import { go } from "./nav";
import { drawing } from "./drawings";
import { s } from "./words";

// whole keeps a number and what it counts on one line.
const whole = (name: string): string => name.replace(/(\d) (?=\S)/g, "$1\u00a0");

// Goods is the shop's front: three goods, and the cart.
export function Goods({ shelf }: { shelf: Shelf }) {
	const c = known(cart.value, shelf.goods);
	const total = due(c, shelf.goods);
	return (
		<Screen
			title={say(s.name)}
			foot={
				pieces(c) > 0 ? (
					<>
						<p class="small center">{say(s.cart(pieces(c)))}</p>
						<Button kind="primary" id="checkout" onPress={() => go("/checkout")}>
							{say(s.checkout(yuan(total)))}
						</Button>
					</>
				) : undefined
			}
		>
			<ul class="shelf">
				{shelf.goods.map((g) => (
					<Piece key={g.id} good={g} n={c[g.id] ?? 0} />
				))}
			</ul>
			<p class="center">
				<a
					class="behind"
					href="/behind"
					onClick={(e) => {
						e.preventDefault();
						go("/behind");
					}}
				>
					{say(s.orders)}
				</a>
			</p>
		</Screen>
	);
}

function Piece({ good: g, n }: { good: Good; n: number }) {
	const called = whole(say(g));
	return (
		<li class="card">
			{drawing(g.id)}
			<span class="what">
				<span class="title">{called}</span>
				<Amount fen={g.price} />
			</span>
			<span class="count">
				{n > 0 && (
					<>
						<button type="button" class="round step" aria-label={say(s.less(called))} onClick={() => put(g.id, n - 1)}>
							−
						</button>
						<span class="n">{n}</span>
					</>
				)}
				<button type="button" class="round step" id={`add-${g.id}`} aria-label={say(s.add(called))} onClick={() => put(g.id, n + 1)}>
					+
				</button>
			</span>
		</li>
	);
}
