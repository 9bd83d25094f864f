#!/usr/bin/env bash
# Sees to a Chromium for the browser tests: the one that is here, else Debian's, else says so.
set -euo pipefail
cd "$(dirname "$0")"

say_where_it_is() {
  local name
  for name in "${BABYSIT_TEST_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    if [ -n "$name" ] && command -v "$name" > /dev/null; then
      echo "Chromium: $(command -v "$name")"
      return 0
    fi
  done
  return 1
}

say_where_it_is && exit 0
./apt_install.sh chromium fonts-liberation fonts-noto-color-emoji || true
say_where_it_is || echo "Chromium: not here and could not be installed. The tests that need it will not run."
