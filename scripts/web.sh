#!/usr/bin/env bash
# Checks the pages: types, unit tests, and that the committed bundle is what their
# source comes to. With -write it keeps what it bundled.
set -euo pipefail
cd "$(dirname "$0")/../web"

if ! command -v npm >/dev/null; then
	echo "npm is missing; checking the pages needs it. Install it, e.g.: sudo apt-get install nodejs npm"
	[ "${CI:-}" != true ]
	exit
fi
if ! cmp -s package-lock.json node_modules/.installed; then
	echo "installing what the pages are made of"
	npm ci --silent --no-audit --no-fund --ignore-scripts
	cp package-lock.json node_modules/.installed
fi
rm -rf build
"${GO:-go}" vet .
"${GO:-go}" run . -tests
node_modules/.bin/tsc --noEmit
node --test build/test/ >build/tests.log || { cat build/tests.log; exit 1; }
grep -E '^# (pass|fail)' build/tests.log
cd ..
if [ "${1:-}" = -write ]; then
	GOFLAGS= "${GO:-go}" test ./internal/arch -run TestBundleIsCurrent -count=1 -stamp
	exit
fi
if [ -n "$(git status --porcelain internal/edge/web/dist web/*/api.gen.ts)" ]; then
	git --no-pager diff --stat internal/edge/web/dist web/*/api.gen.ts
	echo "the committed bundle is not what web/ comes to: run scripts/web.sh -write and commit what it writes"
	exit 1
fi
