#!/usr/bin/env bash
# Runs every fuzz target below the given folders for its share of the given
# seconds. An input that fails is kept under the package's testdata/fuzz, where
# `go test` runs it from then on.
#
#   scripts/fuzz.sh 60 internal                all targets, 60 seconds together
#   scripts/fuzz.sh 300 internal/base/seal internal/edge/wechatv3
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=$1
shift
mapfile -t folders < <(grep -rlE --include='*_test.go' '^func Fuzz' "$@" | xargs -n1 dirname | sort -u)

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# One binary for a package, however many targets it has.
targets=()
for folder in "${folders[@]}"; do
	binary="$out/${folder//\//-}.test"
	"${GO:-go}" test -c -fuzz=. -tags "${TAGS:-invariants}" -o "$binary" "./$folder"
	names=$(cd "$folder" && "$binary" -test.list '^Fuzz')
	for name in $names; do
		targets+=("$folder $name $binary")
	done
done

share=$((seconds * 1000 / ${#targets[@]}))
[ "$share" -ge 500 ] || share=500
echo "${#targets[@]} targets, $share ms each"
# A worker that is interrupted by the end of its time in the middle of a call says
# "context deadline exceeded" and counts as failed (golang/go#75804). A failure of
# ours always leaves an input behind.
ended() { grep -q 'context deadline exceeded' "$out/log" && ! grep -q 'Failing input written\|failure while testing seed\|panic' "$out/log"; }
for target in "${targets[@]}"; do
	read -r folder name binary <<<"$target"
	cache="$("${GO:-go}" env GOCACHE)/fuzz/github.com/holdfast-pay/holdfast/$folder"
	mkdir -p "$cache"
	if ! (cd "$folder" && "$binary" -test.run '^$' -test.fuzz "^$name\$" -test.fuzztime "${share}ms" \
		-test.fuzzcachedir "$cache" -test.timeout 0) >"$out/log" 2>&1 && ! ended; then
		cat "$out/log"
		echo "FAIL $folder $name; the input is kept in $folder/testdata/fuzz/$name: repeat with go test -run $name ./$folder"
		exit 1
	fi
	printf '  %-34s %-30s %s\n' "$folder" "$name" "$(grep -oE 'execs: [0-9]+' "$out/log" | tail -1)"
done
