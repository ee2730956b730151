#!/usr/bin/env bash
# Runs every fuzz target below the given folders for its share of the given
# seconds of a core; as many at once as there are cores. An input that fails is
# kept under the package's testdata/fuzz, where `go test` runs it from then on.
#
#   scripts/fuzz.sh 60 internal                all targets, 60 seconds of a core
#   scripts/fuzz.sh 300 internal/base/seal internal/edge/wechatv3
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=$1
shift
mapfile -t folders < <(grep -rlE --include='*_test.go' '^func Fuzz' "$@" | xargs -n1 dirname | sort -u)

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
go=${GO:-go} module=$("${GO:-go}" list -m) cache=$("${GO:-go}" env GOCACHE)/fuzz

# One binary for a package, however many targets it has. Only the package itself is
# built to be watched by the fuzzer: `go test -fuzz` builds all that it imports anew,
# down to the store and the standard library, which is dearer than the fuzzing.
targets=()
for folder in "${folders[@]}"; do
	binary="$out/${folder//\//-}.test"
	"$go" test -c -vet=off -tags "${TAGS:-invariants}" -gcflags="$module/$folder=-d=libfuzzer" -ldflags='-s -w' -o "$binary" "./$folder"
	for name in $(cd "$folder" && "$binary" -test.list '^Fuzz'); do
		targets+=("$folder $name $binary")
	done
done

share=$((seconds * 1000 / ${#targets[@]}))
[ "$share" -ge 500 ] || share=500
cores=$(nproc)
echo "${#targets[@]} targets, $share ms each, $cores at once"

# A worker that is interrupted by the end of its time in the middle of a call says
# "context deadline exceeded" and counts as failed (golang/go#75804). A failure of
# ours always leaves an input behind.
ended() { grep -q 'context deadline exceeded' "$1" && ! grep -q 'Failing input written\|failure while testing seed\|panic' "$1"; }

# fuzz runs one target on one core.
fuzz() {
	local folder=$1 name=$2 binary=$3 log="$out/$2-${1//\//-}.log" kept="$cache/$module/$1"
	mkdir -p "$kept"
	if ! (cd "$folder" && "$binary" -test.run '^$' -test.fuzz "^$name\$" -test.fuzztime "${share}ms" -test.parallel 1 \
		-test.fuzzcachedir "$kept" -test.timeout 0) >"$log" 2>&1 && ! ended "$log"; then
		cat "$log"
		echo "FAIL $folder $name; the input is kept in $folder/testdata/fuzz/$name: repeat with go test -run $name ./$folder"
		touch "$out/failed"
		return
	fi
	printf '  %-34s %-30s %s\n' "$folder" "$name" "$(grep -oE 'execs: [0-9]+' "$log" | tail -1)"
}

running=0
for target in "${targets[@]}"; do
	if [ "$running" -ge "$cores" ]; then
		wait -n
		running=$((running - 1))
	fi
	read -r folder name binary <<<"$target"
	fuzz "$folder" "$name" "$binary" &
	running=$((running + 1))
done
wait
[ ! -e "$out/failed" ]
