import { h } from "preact";
import back from "lucide-static/icons/arrow-left.svg";
import chevron from "lucide-static/icons/chevron-right.svg";
import copy from "lucide-static/icons/copy.svg";
import check from "lucide-static/icons/check.svg";
import clock from "lucide-static/icons/clock.svg";
import close from "lucide-static/icons/x.svg";
import erase from "lucide-static/icons/delete.svg";
import info from "lucide-static/icons/info.svg";
import warn from "lucide-static/icons/triangle-alert.svg";
import scan from "lucide-static/icons/scan-line.svg";
import code from "lucide-static/icons/qr-code.svg";
import receive from "lucide-static/icons/hand-coins.svg";
import transfer from "lucide-static/icons/send.svg";
import packet from "lucide-static/icons/gift.svg";
import eye from "lucide-static/icons/eye.svg";
import eyeOff from "lucide-static/icons/eye-off.svg";
import bill from "lucide-static/icons/receipt-text.svg";
import settings from "lucide-static/icons/settings.svg";
import image from "lucide-static/icons/image.svg";
import camera from "lucide-static/icons/camera.svg";
import phone from "lucide-static/icons/smartphone.svg";
import lock from "lucide-static/icons/lock.svg";
import offline from "lucide-static/icons/wifi-off.svg";
import came from "lucide-static/icons/arrow-down-left.svg";
import went from "lucide-static/icons/arrow-up-right.svg";
import again from "lucide-static/icons/refresh-cw.svg";
import share from "lucide-static/icons/share-2.svg";
import trash from "lucide-static/icons/trash-2.svg";
import search from "lucide-static/icons/search.svg";
import person from "lucide-static/icons/user.svg";
import store from "lucide-static/icons/store.svg";

const drawings = {
	back, chevron, copy, check, clock, close, erase, info, warn, scan, code, receive, transfer, packet, eye, eyeOff, bill,
	settings, image, camera, phone, lock, offline, came, went, again, share, trash, search, person, store,
};

export type IconName = keyof typeof drawings;

// Icon is a drawing beside a word, which says what it means.
export function Icon({ name }: { name: IconName }) {
	return (
		<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
			{drawings[name].map(([element, attributes]) => h(element, attributes))}
		</svg>
	);
}
