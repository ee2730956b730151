package webtest

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/holdfast-pay/holdfast/internal/edge/paylink"
)

// yearsAgo takes from a browser what those of 2020 and 2021 did not have: Chrome 80, Safari 14.1.
const yearsAgo = `
	for (const [of, names] of [
		[Array.prototype, ["at", "findLast", "findLastIndex", "toSorted", "toReversed", "toSpliced", "with"]],
		[String.prototype, ["at", "replaceAll", "isWellFormed", "toWellFormed"]],
		[Uint8Array.prototype.__proto__, ["at", "findLast", "toSorted", "with"]],
		[Uint8Array, ["fromBase64"]], [Uint8Array.prototype, ["toBase64", "toHex"]],
		[Object, ["hasOwn", "groupBy"]], [Map, ["groupBy"]], [Array, ["fromAsync"]],
		[Promise, ["any", "withResolvers", "try", "allSettled"]],
		[AbortSignal, ["any", "timeout"]], [Crypto.prototype, ["randomUUID"]],
		[Element.prototype, ["replaceChildren", "checkVisibility", "setHTML"]],
		[HTMLDialogElement.prototype, ["showModal", "show", "close", "open"]],
		[ReadableStream.prototype, [Symbol.asyncIterator, "values"]], [ReadableStream, ["from"]],
		[Navigator.prototype, ["locks", "userActivation", "vibrate"]], [Document.prototype, ["startViewTransition"]],
		[window, ["structuredClone", "WeakRef", "FinalizationRegistry", "AggregateError", "createImageBitmap", "OffscreenCanvas", "BroadcastChannel",
			"requestIdleCallback", "CompressionStream", "DecompressionStream", "URLPattern", "Iterator", "BarcodeDetector", "scheduler"]],
		[Intl, ["Segmenter", "DurationFormat", "ListFormat", "DisplayNames"]],
	]) for (const name of names) delete of[name];`

// On an old tablet, six times as slow as this machine, the till hears a payment, says it
// aloud, and its dialogs open and close.
func TestAnOldTablet(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ming := s.newPhone("zh-CN", "13800000061")
	ming.enrol("王小明", 100_00)
	p := s.newTablet("zh-CN", yearsAgo)
	p.step(within(emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 6}))
	p.focused(".amountpad")
	p.step(chromedp.KeyEvent("5")) // it may be heard from now on
	ming.pays(paylink.Till("", p.token), "8.00")
	p.rings("paid", "8.00")
	p.plays(tunePaid, "收款 8.00 元")

	p.tap("#scan")
	p.see("dialog.plain[open] .camera")
	p.fits("till-old-scan")
	p.step(chromedp.KeyEvent("\x1b"))
	p.until(`document.querySelector("dialog[open]") === null`)
	p.tap("#show")
	p.see(".sale .qr")
	p.paidBy(ming)
	p.rings("paid", "5.00")
	p.plays(tunePaid, "收款 5.00 元")
}
