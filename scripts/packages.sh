#!/usr/bin/env bash
# Lists packages by what their tests need:
#
#   unit      all but those that start real processes, run a merchant's SDK or
#             damage data folders or disks, use phones in a browser, or play whole
#             clusters (make contract, kill, cluster, damage, simdisk, web, sim)
#   single    the unit tests of code that starts no goroutine, which house rules
#             see to: the race detector would only slow them down
#   parallel  the other unit tests
#   cases     a pattern of the tests that try many cases or simulate much: those that
#             use rapid and those marked //test:cases. Under the race detector one
#             case costs as much as ten without, and shows nothing that the first did
#             not; the same code is run with it by the tests beside them
#   tried     the packages of `parallel` that have such tests, or others of their names
#   rewrite   those that can write their expected outputs anew
set -euo pipefail
cd "$(dirname "$0")/.."

unit() { "${GO:-go}" list ./... | grep -vE '/(contract|sdktest|killtest|clustertest|webtest|run/verify|trial/sim|trial/script|trial/simdisk)$'; }
single() { unit | grep -E '/internal/(arch|base/[a-z]+|rule/[a-z]+|engine/machine(/[a-z]+)?|edge/wechatjson|run/(build|config|nearest|qr))$' | grep -v '/base/table$'; }

parallel() { unit | grep -vxFf <(single); }

# cases prints FILE NAME of each test that tries many cases.
cases() {
	grep -rlE --include='*_test.go' 'rapid\.(Check|MakeCheck)|^//test:cases' internal walletclient | xargs -r awk '
		FNR == 1 { name = ""; marked = 0 }
		/^\/\/test:cases/ { marked = 1 }
		/^func / {
			name = ""
			if (match($0, /^func Test[A-Za-z0-9_]+/)) name = substr($0, 6, RLENGTH - 5)
			if (marked && name != "") print FILENAME, name
			marked = 0
		}
		/rapid\.(Check|MakeCheck)/ && name != "" { print FILENAME, name }' | sort -u
}

names() { cases | cut -d' ' -f2 | sort -u | paste -sd'|'; }

case "$1" in
unit) unit ;;
single) single ;;
parallel) parallel ;;
cases) echo "^($(names))\$" ;;
tried) parallel | grep -E "/($(grep -rlE --include='*_test.go' "^func ($(names))\(" internal walletclient | xargs -n1 dirname | sort -u | paste -sd'|'))\$" ;;
rewrite) grep -rlE --include='*_test.go' 'flag\.Bool\("rewrite"' internal cmd | xargs -n1 dirname | sort -u | sed 's|^|./|' ;;
esac
