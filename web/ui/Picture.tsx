import { useEffect, useRef } from "preact/hooks";

// most are what the platform takes: bytes, and pixels a side.
const most = 40 << 10;
const sides = [1024, 768, 512, 320, 160];
const qualities = [0.85, 0.7, 0.5];

function drawn(on: HTMLCanvasElement, picture: ImageBitmap, side: number): void {
	const scale = Math.min(1, side / Math.max(picture.width, picture.height));
	on.width = Math.max(1, Math.round(picture.width * scale));
	on.height = Math.max(1, Math.round(picture.height * scale));
	const pen = on.getContext("2d");
	if (!pen) throw new Error("this browser draws nothing");
	pen.fillStyle = "#fff"; // a JPEG has nothing transparent
	pen.fillRect(0, 0, on.width, on.height);
	pen.drawImage(picture, 0, 0, on.width, on.height);
}

const jpeg = (of: HTMLCanvasElement, quality: number): Promise<Blob | null> => new Promise((done) => of.toBlob(done, "image/jpeg", quality));

// shrunk is a picture drawn anew, as large as may be sent: nothing of the file is kept
// but what one sees. undefined is a file that is no picture here.
export async function shrunk(file: Blob): Promise<Uint8Array<ArrayBuffer> | undefined> {
	let picture: ImageBitmap;
	try {
		picture = await createImageBitmap(file);
	} catch {
		return undefined;
	}
	const canvas = document.createElement("canvas");
	for (const side of sides) {
		drawn(canvas, picture, side);
		for (const quality of qualities) {
			const made = await jpeg(canvas, quality);
			if (made && made.size <= most) return new Uint8Array(await made.arrayBuffer());
		}
	}
	return undefined;
}

// Picture shows a picture that came as bytes. It is drawn: the page loads no pictures but
// its own.
export function Picture({ data, label }: { data: Uint8Array; label: string }) {
	const canvas = useRef<HTMLCanvasElement>(null);
	useEffect(() => {
		let left = false;
		createImageBitmap(new Blob([data as Uint8Array<ArrayBuffer>])).then(
			(picture) => {
				if (!left && canvas.current) drawn(canvas.current, picture, Math.max(picture.width, picture.height));
			},
			() => {}, // it stays blank
		);
		return () => {
			left = true;
		};
	}, [data]);
	return <canvas ref={canvas} class="picture" role="img" aria-label={label} width={4} height={3} />;
}
