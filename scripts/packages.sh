#!/usr/bin/env bash
# Lists packages by what their tests need:
#
#   unit      all but those that start real processes, run a merchant's SDK or
#             damage data folders or disks, or play whole clusters (make contract,
#             kill, cluster, damage, simdisk, sim)
#   single    the unit tests of code that starts no goroutine, which a house rule
#             sees to: the race detector would only slow them down
#   parallel  the other unit tests
#   properties  those of them that test properties
#   rewrite   those that can write their expected outputs anew
set -euo pipefail
cd "$(dirname "$0")/.."

single='/internal/(arch|rule/[a-z]+|engine/machine(/[a-z]+)?)$'
unit() { "${GO:-go}" list ./... | grep -vE '/(contract|killtest|clustertest|run/verify|trial/sim|trial/script|trial/simdisk)$'; }

case "$1" in
unit) unit ;;
single) unit | grep -E "$single" ;;
parallel) unit | grep -vE "$single" ;;
properties) unit | grep -vE "$single" | grep -E "/($(grep -rl --include='*_test.go' '"pgregory.net/rapid"' internal | xargs -n1 dirname | sort -u | paste -sd'|'))\$" ;;
rewrite) grep -rlE --include='*_test.go' 'flag\.Bool\("rewrite"|wechatv3/apitest"' internal cmd | xargs -n1 dirname | sort -u | sed 's|^|./|' ;;
esac
