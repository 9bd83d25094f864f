#!/usr/bin/env bash
# Installs Debian packages where that is possible without asking for a password; exit status 1 elsewhere.
set -euo pipefail

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo -n)
fi
command -v apt-get > /dev/null || exit 1
"${as_root[@]}" true 2> /dev/null || exit 1

echo "Installing with apt-get: $*"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" > /dev/null
