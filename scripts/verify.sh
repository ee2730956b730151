#!/usr/bin/env bash
# Generates the code again and fails when it differs from what is committed, and
# when a field of the schema changed its meaning since the last release.
set -euo pipefail
cd "$(dirname "$0")/.."

"${GO:-go}" generate ./internal/pb
if ! git diff --exit-code --stat -- internal/pb || [ -n "$(git status --porcelain -- internal/pb)" ]; then
	echo "internal/pb differs from what proto/ says: commit what make generate wrote"
	exit 1
fi
last=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null || true)
if [ -n "$last" ]; then
	"${GO:-go}" tool -modfile=tools/go.mod buf breaking --against ".git#tag=$last"
fi
echo "internal/pb is what proto/ says"
