#!/usr/bin/env bash
# All checks and all tests, one after the other; a failed one does not hide the next ones.
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

failed=()
check() { # check NAME COMMAND...
  echo "== $1"
  "${@:2}" || failed+=("$1")
}

check "ruff" ruff check --quiet .
check "ruff format" ruff format --check --quiet .
check "mypy" mypy
check "tsc" scripts/npm.sh run --silent check
check "biome" scripts/npm.sh run --silent biome
check "dependency-cruiser" scripts/npm.sh run --silent dependency-cruiser
check "knip" scripts/npm.sh run --silent knip
check "vitest" scripts/npm.sh run --silent test
check "pytest, browser" pytest tests/e2e # alone: it measures times
check "pytest" pytest --numprocesses 2 --dist loadfile --ignore tests/e2e

if [ ${#failed[@]} -gt 0 ]; then
  printf -v names '%s, ' "${failed[@]}"
  echo "== failed: ${names%, }"
  exit 1
fi
echo "== all passed"
