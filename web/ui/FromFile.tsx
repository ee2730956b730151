import { Icon, type IconName } from "./Icon";

export interface FromFileProps {
	icon: IconName;
	label: string;
	// camera takes the picture at once, where there is a camera.
	camera?: boolean;
	busy?: boolean;
	onFile: (f: File | undefined) => void;
}

// FromFile is a button that has a picture chosen, or taken. The same one may be chosen
// again.
export function FromFile({ icon, label, camera = false, busy = false, onFile }: FromFileProps) {
	return (
		<label class="button file">
			{busy ? <span class="spinner" aria-hidden="true" /> : <Icon name={icon} />}
			<span>{label}</span>
			<input
				type="file"
				name={camera ? "camera" : "file"}
				accept="image/*"
				{...(camera ? { capture: "environment" as const } : {})}
				onChange={(e) => {
					onFile(e.currentTarget.files?.[0]);
					e.currentTarget.value = "";
				}}
			/>
		</label>
	);
}
