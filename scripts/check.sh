#!/usr/bin/env bash
# The checks and the tests; a failed one does not hide the next ones. scripts/check.sh [fast|full]
#   fast: without a browser, PostgreSQL and processes of the product, in four minutes
#   (nothing): everything, with a sample of the combinations that is drawn anew each time
#   full: every combination, the trainings of frameworks, and ten minutes of faults at random
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
# Bytecode is written when a module is first used: else every process compiles torch anew.
export PYTHONDONTWRITEBYTECODE=
how=${1:-quick}
[ "$how" = full ] && export BABYSIT_TEST_FULL=1

failed=()
check() { # check NAME COMMAND...
  echo "== $1"
  "${@:2}" || failed+=("$1")
}
tests() {
  pytest --numprocesses 2 --dist loadgroup --no-loadscope-reorder "$@"
}

check "ruff" ruff check --quiet .
check "ruff format" ruff format --check --quiet .
types=$(mktemp)
mypy >"$types" 2>&1 &
mypy=$!
check "tsc" scripts/npm.sh run --silent check
check "biome" scripts/npm.sh run --silent biome
check "dependency-cruiser" scripts/npm.sh run --silent dependency-cruiser
check "knip" scripts/npm.sh run --silent knip
check "vitest" scripts/npm.sh run --silent test
check "mypy" bash -c 'tail --pid=$0 -f /dev/null; cat "$1"' "$mypy" "$types"
wait "$mypy" || failed+=("mypy")
rm -f "$types"

case $how in
fast) check "pytest" tests -m "not slow and not browser and not service" ;;
*)
  # Alone: each browser draws in software, and two at once leave nothing for the rest.
  check "pytest, browser" pytest -m browser
  check "pytest" tests -m "not browser"
  ;;
esac
[ "$how" = full ] && check "pytest, frameworks" .venv-frameworks/bin/python -m pytest -m frameworks tests/babysit/attached
[ "$how" = full ] && check "soak" python -m tests.soak --minutes 10 --hostile 0

if [ ${#failed[@]} -gt 0 ]; then
  printf -v names '%s, ' "${failed[@]}"
  echo "== failed: ${names%, }"
  exit 1
fi
echo "== all passed"
