// Meter shows how much of a bound is used; the numbers stand beside it.
export function Meter({ used, of, label }: { used: number; of: number; label: string }) {
	const share = of > 0 ? Math.min(100, Math.round((used * 100) / of)) : 0;
	return (
		<div class={`meter ${share >= 90 ? "full" : ""}`} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={share}>
			<svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
				<rect width={share} height="1" />
			</svg>
		</div>
	);
}
