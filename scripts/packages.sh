#!/usr/bin/env bash
# Lists the packages whose tests are unit tests: all but those that start real
# processes, run a merchant's SDK or damage data folders (make contract, kill,
# damage). With "rewrite": those whose tests can write their expected outputs
# anew.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = rewrite ]; then
	grep -rlE --include='*_test.go' 'flag\.Bool\("rewrite"' internal cmd | xargs -n1 dirname | sort -u | sed 's|^|./|'
else
	"${GO:-go}" list ./... | grep -vE '/(contract|killtest|run/verify)$'
fi
