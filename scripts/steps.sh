#!/usr/bin/env bash
# Runs make targets one after the other, stops at the first that fails, and
# prints what each took.
set -uo pipefail
cd "$(dirname "$0")/.."

summary=""
started=$SECONDS
for step in "$@"; do
	printf '\n== %s\n' "$step"
	begin=$SECONDS
	if "${MAKE:-make}" --no-print-directory "$step"; then
		verdict=ok
	else
		verdict=FAILED
	fi
	summary+=$(printf '  %-10s %-7s %4d s' "$step" "$verdict" $((SECONDS - begin)))$'\n'
	[ "$verdict" = ok ] || break
done

printf '\n%s  %-10s %-7s %4d s\n' "$summary" all "$verdict" $((SECONDS - started))
if [ "$verdict" != ok ]; then
	printf '\nmake %s failed; the lines above say why. Run it alone with: make %s\n' "$step" "$step"
	exit 1
fi
