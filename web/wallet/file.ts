// save hands a file to the person: it is made here, and sent to nobody.
export function save(name: string, type: string, content: BlobPart): void {
	const a = document.createElement("a");
	a.href = URL.createObjectURL(new Blob([content], { type }));
	a.download = name;
	a.click();
	setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
}
