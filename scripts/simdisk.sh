#!/usr/bin/env bash
# Plays seeds of the disk simulation, a hundred in a process: a process that ends
# in the simulation leaves its goroutines behind, and memory with them.
#
#   scripts/simdisk.sh COUNT [FROM]    COUNT 0 goes on without end
set -euo pipefail
cd "$(dirname "$0")/.."

count=$1 from=${2:-1} batch=100
for ((done = 0; count == 0 || done < count; done += batch)); do
	n=$batch
	if ((count != 0 && count - done < batch)); then n=$((count - done)); fi
	HOLDFAST_SIMDISKS=$n HOLDFAST_SIMDISK_FROM=$((from + done)) \
		"${GO:-go}" test -vet=off -count=1 -tags "${TAGS:-invariants}" -timeout 60m -run '^TestSeeds$' ./internal/trial/simdisk
done
"${GO:-go}" test -vet=off -count=1 -tags "${TAGS:-invariants}" -timeout 10m -run '^(TestBrokenVariantsAreCaught|TestFlipIsUndone)$' ./internal/trial/simdisk
