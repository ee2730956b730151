// Passkeys as browsers have them: what is asked of them, and why they were not used.

interface Parsing {
	parseCreationOptionsFromJSON?: (o: unknown) => PublicKeyCredentialCreationOptions;
	parseRequestOptionsFromJSON?: (o: unknown) => PublicKeyCredentialRequestOptions;
}

const browser = (): Parsing | undefined => (globalThis as { PublicKeyCredential?: Parsing }).PublicKeyCredential;

// able says whether this browser speaks of passkeys as the platform does.
export const able = (): boolean => typeof browser()?.parseCreationOptionsFromJSON === "function" && typeof browser()?.parseRequestOptionsFromJSON === "function";

// Declined is a passkey that was not used: the person closed the browser's question, or
// it has none that fits.
export class Declined extends Error {
	constructor(readonly why: "closed" | "address" | "exists") {
		super(why);
	}
}

function declined(e: unknown): unknown {
	if (!(e instanceof DOMException)) return e;
	if (e.name === "SecurityError") return new Declined("address");
	if (e.name === "InvalidStateError") return new Declined("exists");
	return e.name === "NotAllowedError" || e.name === "AbortError" ? new Declined("closed") : e;
}

async function asJSON(made: () => Promise<Credential | null> | undefined): Promise<string> {
	try {
		const c = await made();
		if (!c) throw new Declined("closed");
		return JSON.stringify((c as unknown as { toJSON(): unknown }).toJSON());
	} catch (e) {
		throw declined(e);
	}
}

// created has this device's authenticator make a passkey, of the platform's options.
export const created = (options: string): Promise<string> =>
	asJSON(() => {
		const publicKey = browser()?.parseCreationOptionsFromJSON?.(JSON.parse(options));
		return publicKey && navigator.credentials.create({ publicKey });
	});

// signed has a passkey sign, of the platform's options.
export const signed = (options: string): Promise<string> =>
	asJSON(() => {
		const publicKey = browser()?.parseRequestOptionsFromJSON?.(JSON.parse(options));
		return publicKey && navigator.credentials.get({ publicKey });
	});
