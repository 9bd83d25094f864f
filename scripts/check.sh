#!/usr/bin/env bash
# The checks and the tests; a failed one does not hide the next ones. scripts/check.sh [fast|full]
#   fast: without a browser, PostgreSQL and processes of the product, in four minutes
#   (nothing): everything, with a sample of the combinations that is drawn anew each time
#   full: every combination, the trainings of frameworks, a Ray cluster, and ten minutes of faults at random
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
# Bytecode is written when a module is first used: else every process compiles torch anew.
export PYTHONDONTWRITEBYTECODE=
how=${1:-quick}
[ "$how" = full ] && export BABYSIT_TEST_FULL=1

failed=()
told=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$told"' EXIT
check() { # check NAME COMMAND...
  echo "== $1"
  "${@:2}" || failed+=("$1")
}
beside() { # beside NAME COMMAND...: said when the tests are over
  nice "${@:2}" >"$told/$1" 2>&1 || touch "$told/$1.failed"
}
# Three processes for two cores: half of what a test does is waiting.
tests() {
  pytest --numprocesses 3 --dist loadgroup --no-loadscope-reorder --durations 25 --durations-min 8 "$@"
}

check "ruff" ruff check --quiet .
check "ruff format" ruff format --check --quiet .
beside "mypy" mypy &
# These measure times: only a check of low priority runs beside them.
[ "$how" = fast ] || check "pytest, quiet" pytest -m quiet tests/e2e
for tool in check biome dependency-cruiser knip test; do
  beside "npm run $tool" scripts/npm.sh run --silent "$tool"
done &

case $how in
fast) check "pytest" tests -m "not slow and not browser and not service" ;;
*) check "pytest" tests -m "not quiet" ;;
esac
[ "$how" = full ] && check "pytest, frameworks" .venv-frameworks/bin/python -m pytest -m frameworks tests/babysit/attached
[ "$how" = full ] && check "pytest, Ray" .venv-ray/bin/python -m pytest -m ray tests/app/ray
[ "$how" = full ] && check "soak" python -m tests.soak --minutes 10 --hostile 0

wait
for name in mypy "npm run "{check,biome,dependency-cruiser,knip,test}; do
  check "$name" cat "$told/$name"
  [ -e "$told/$name.failed" ] && failed+=("$name")
done

if [ ${#failed[@]} -gt 0 ]; then
  printf -v names '%s, ' "${failed[@]}"
  echo "== failed: ${names%, }"
  exit 1
fi
echo "== all passed"
