// An icon is a list of elements with their attributes (files.go makes it so).
declare module "*.svg" {
	const parts: [string, Record<string, string>][];
	export default parts;
}

declare module "*.css";

declare module "jsbarcode/bin/barcodes/CODE128/CODE128_AUTO.js" {
	const module: { default: new (data: string, options: object) => { encode(): { data: string; text: string } } };
	export default module;
}
