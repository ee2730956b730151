#!/usr/bin/env bash
# Installs what tests need and Go does not bring, where it is missing and we may;
# otherwise says how. In CI what is missing is a failure, elsewhere the tests that
# need it are skipped.
#
#   gcc, libc6-dev   the race detector, and calling libcrypto
#   libssl3          libcrypto.so.3, which signs when it is there
#   chromium         the cashier's test drives a real browser
set -euo pipefail

missing=()
command -v gcc >/dev/null || missing+=(gcc)
[ -e /usr/include/stdlib.h ] || missing+=(libc6-dev)
PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null | grep -q 'libcrypto\.so\.3' || missing+=(libssl3)
command -v chromium >/dev/null || missing+=(chromium)
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "installing ${missing[*]}, which tests need"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
	exit 0
fi
echo "missing: ${missing[*]}; tests need them. Install them, e.g.: sudo apt-get install ${missing[*]}"
[ "${CI:-}" != true ]
