// Reading codes, QR and Code 128, from pictures and the camera. Loaded when wanted.
import BarcodeFormat from "@zxing/library/esm/core/BarcodeFormat.js";
import BinaryBitmap from "@zxing/library/esm/core/BinaryBitmap.js";
import DecodeHintType from "@zxing/library/esm/core/DecodeHintType.js";
import GlobalHistogramBinarizer from "@zxing/library/esm/core/common/GlobalHistogramBinarizer.js";
import HybridBinarizer from "@zxing/library/esm/core/common/HybridBinarizer.js";
import InvertedLuminanceSource from "@zxing/library/esm/core/InvertedLuminanceSource.js";
import Code128Reader from "@zxing/library/esm/core/oned/Code128Reader.js";
import QRCodeReader from "@zxing/library/esm/core/qrcode/QRCodeReader.js";
import RGBLuminanceSource from "@zxing/library/esm/core/RGBLuminanceSource.js";

type Hints = Map<DecodeHintType, unknown>;

const formats: [DecodeHintType, unknown] = [DecodeHintType.POSSIBLE_FORMATS, [BarcodeFormat.QR_CODE, BarcodeFormat.CODE_128]];

// ways are how a picture is looked at, the likeliest first. None reads every code: the
// first mistakes the modules of some perfectly drawn ones for finder patterns.
const ways: Hints[] = [
	new Map<DecodeHintType, unknown>([formats, [DecodeHintType.TRY_HARDER, true]]),
	new Map<DecodeHintType, unknown>([formats, [DecodeHintType.PURE_BARCODE, true]]),
	new Map<DecodeHintType, unknown>([formats]),
];

// decode reads the code in a picture; undefined when there is none. Light codes on dark
// ground and poor contrast, as of a screen in the sun, are tried too when hard is set.
export function decode(image: ImageData, hard: boolean): string | undefined {
	const grey = new Uint8ClampedArray(image.width * image.height);
	for (let i = 0; i < grey.length; i++) {
		const at = i * 4;
		grey[i] = ((image.data[at] ?? 0) * 306 + (image.data[at + 1] ?? 0) * 601 + (image.data[at + 2] ?? 0) * 117) >> 10;
	}
	const plain = new RGBLuminanceSource(grey, image.width, image.height);
	const sources = hard ? [plain, new InvertedLuminanceSource(plain)] : [plain];
	for (const source of sources) {
		for (const Binarizer of hard ? [HybridBinarizer, GlobalHistogramBinarizer] : [HybridBinarizer]) {
			for (const hints of hard ? ways : ways.slice(0, 1)) {
				for (const reader of [new QRCodeReader(), new Code128Reader()]) {
					try {
						return reader.decode(new BinaryBitmap(new Binarizer(source)), hints).getText();
					} catch {
						// No such code here: the next way of looking.
					}
				}
			}
		}
	}
	return undefined;
}

const mostSide = 1600;

// fromPicture reads a code from a picture file, at up to three sizes: what a phone's
// camera makes is larger than what reads best.
export async function fromPicture(file: Blob): Promise<string | undefined> {
	let picture: ImageBitmap;
	try {
		picture = await createImageBitmap(file);
	} catch {
		return undefined; // no picture at all
	}
	for (const side of [mostSide, 800, 400]) {
		const found = decode(pixels(picture, picture.width, picture.height, side), true);
		if (found !== undefined) return found;
	}
	return undefined;
}

let canvas: HTMLCanvasElement | undefined;

// pixels draws a picture no larger than side, and reads it back.
export function pixels(source: CanvasImageSource, width: number, height: number, side: number): ImageData {
	canvas ??= document.createElement("canvas");
	const scale = Math.min(1, side / Math.max(width, height));
	canvas.width = Math.max(1, Math.round(width * scale));
	canvas.height = Math.max(1, Math.round(height * scale));
	const pen = canvas.getContext("2d", { willReadFrequently: true });
	if (!pen) throw new Error("this browser draws nothing");
	pen.fillStyle = "#fff";
	pen.fillRect(0, 0, canvas.width, canvas.height);
	pen.drawImage(source, 0, 0, canvas.width, canvas.height);
	return pen.getImageData(0, 0, canvas.width, canvas.height);
}
