#!/usr/bin/env bash
# The cashier's test drives a real browser. Installs one where it is missing and
# we may; otherwise says how. In CI a missing browser is a failure, elsewhere the
# test is skipped.
set -euo pipefail

if command -v chromium >/dev/null; then
	exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "installing chromium for the cashier's test"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null
	exit 0
fi
echo "chromium is missing; the cashier's test needs it. Install it, e.g.: sudo apt-get install chromium"
[ "${CI:-}" != true ]
