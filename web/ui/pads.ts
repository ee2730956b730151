// Words of the pads.
import type { Text } from "./words";

export const pads = {
	erase: { zh: "删除", en: "Delete" },
	point: { zh: "小数点", en: "Point" },
	typed: (n: number, of: number): Text => ({ zh: `已输入 ${n} 位，共 ${of} 位`, en: `${n} of ${of} digits` }),
	shuffle: { zh: "打乱数字", en: "Shuffle the digits" },
	amount: { zh: "金额", en: "Amount" },
	unit: { zh: "元", en: "yuan" },
} satisfies Record<string, Text | ((...a: never[]) => Text)>;
