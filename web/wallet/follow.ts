// What happens to this wallet, as it happens, while the page is seen.
import { signal } from "@preact/signals";
import { fromJSON } from "../wire/json";
import { listen } from "../wire/stream";
import { messages, type News } from "./api.gen";
import { open } from "./call";

// connected says whether the stream stands.
export const connected = signal(false);

let cursor = "0";

// follow calls onNews for what happened, for as long as the page is seen, and when the
// stream begins anew: what happened before that it does not tell.
export function follow(onNews: (news: News, anew: boolean) => void): () => void {
	return listen({
		connected,
		open: (body, stop) => open("Follow", body, stop),
		ask: () => JSON.stringify(cursor === "0" ? {} : { cursor }),
		take: (text) => {
			const news = fromJSON(messages, "News", JSON.parse(text)) as unknown as News;
			const anew = cursor === "0";
			cursor = news.cursor;
			if (anew || news.happened.length + news.takings.length > 0) onNews(news, anew);
		},
		ended: (text) => {
			if (text.includes("cursor_too_old")) cursor = "0"; // too far behind: it begins anew
		},
	});
}
