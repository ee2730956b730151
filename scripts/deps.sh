#!/usr/bin/env bash
# Installs what some tests drive, where it is missing and we may: a browser for the
# cashier's pages, what turns a PDF into a picture, and Node's clients of the API from their lock file, into a folder
# that git ignores. Otherwise it says how. In CI a missing one is a failure,
# elsewhere the tests that need it are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

lacking() {
	echo "$1"
	[ "${CI:-}" != true ]
}

browser() {
	if command -v chromium >/dev/null; then return; fi
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "installing chromium for the cashier's test"
		export DEBIAN_FRONTEND=noninteractive
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null
		return
	fi
	lacking "chromium is missing; the cashier's test needs it. Install it, e.g.: sudo apt-get install chromium"
}

printer() {
	if command -v pdftoppm >/dev/null; then return; fi
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		echo "installing poppler-utils for the test that scans printed sheets"
		export DEBIAN_FRONTEND=noninteractive
		apt-get update -qq && apt-get install -y -qq --no-install-recommends poppler-utils >/dev/null
		return
	fi
	lacking "pdftoppm is missing; the test of printed sheets needs it. Install it, e.g.: sudo apt-get install poppler-utils"
}

clients() {
	local folder=internal/trial/sdktest/testdata/node
	if cmp -s $folder/package-lock.json $folder/node_modules/.installed; then return; fi
	if ! command -v npm >/dev/null; then
		lacking "npm is missing; the test of Node's clients needs it. Install it, e.g.: sudo apt-get install nodejs npm"
		return
	fi
	echo "installing Node's clients for the test of unchanged programs"
	if (cd $folder && npm ci --silent --no-audit --no-fund --ignore-scripts); then
		cp $folder/package-lock.json $folder/node_modules/.installed
	else
		lacking "Node's clients could not be installed (no network?)"
	fi
}

browser
printer
clients
