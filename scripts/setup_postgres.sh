#!/usr/bin/env bash
# Sees to PostgreSQL's binaries for the tests, which start a server of their own from them.
set -euo pipefail
cd "$(dirname "$0")"

say_where_it_is() {
  local folder
  for folder in \
    "$(dirname "$(command -v initdb || echo /nowhere/)")" \
    "$(pg_config --bindir 2> /dev/null || true)" \
    /usr/lib/postgresql/*/bin; do
    if [ -x "$folder/initdb" ]; then
      echo "PostgreSQL: $folder"
      return 0
    fi
  done
  return 1
}

say_where_it_is && exit 0
./apt_install.sh postgresql || true
say_where_it_is || echo "PostgreSQL: not here and could not be installed. The tests that need it will not run."
