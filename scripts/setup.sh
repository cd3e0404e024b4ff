#!/bin/sh
# Prepares a checkout: says what it installs and why, and does nothing twice.
#   .venv      Python packages, as uv.lock pins them
#   cache      Debian's engine packages, unpacked (never installed) below ${XDG_CACHE_HOME:-~/.cache}/layerfork,
#              and the client libraries in environments of their own, also there
# usage: setup.sh [--python-only]   with it the cache is left alone: no root, any Linux or macOS
# It never installs, starts or touches the system's own docker.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
stamp=.venv/.layerfork-setup

say() { printf 'setup: %s\n' "$*"; }
stop() { printf 'setup: %s\n' "$@" >&2; exit 3; }

command -v "$python" >/dev/null 2>&1 || stop "no $python" "hint: install Python 3.11 or newer (Debian package python3), or set PYTHON"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  stop "$python is $("$python" -V 2>&1), layerfork needs Python 3.11 or newer" "hint: set PYTHON to a newer one"

if [ ! -x .venv/bin/python ]; then
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
      say "installing Debian's python3-venv, which $python needs to make the virtual environment .venv"
      { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3-venv; } >/dev/null ||
        stop "apt-get could not install python3-venv" "hint: install it by hand and run make again"
    else
      stop "$python cannot make virtual environments" "hint: as root: apt-get install python3-venv; then run make again"
    fi
  fi
  say "making the virtual environment .venv, so that nothing is installed outside this folder"
  "$python" -m venv .venv
fi
if [ ! -e "$stamp" ] || [ uv.lock -nt "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
  if [ ! -x .venv/bin/uv ]; then
    scripts/pinned.sh uv >.venv/uv.txt || stop "uv.lock pins no uv" "hint: check out uv.lock again"
    say "installing $(sed 's/ .*//' .venv/uv.txt) into .venv, which installs exactly what uv.lock pins, by their hashes"
    .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes --only-binary :all: -r .venv/uv.txt
  fi
  say "installing layerfork and its Python packages into .venv, as uv.lock pins them"
  UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-1} .venv/bin/uv sync -q --frozen --compile-bytecode --python .venv/bin/python
  : >"$stamp"
fi
.venv/bin/python -m compileall -q src/layerfork # faster starts, also where PYTHONDONTWRITEBYTECODE is set
[ "${1:-}" = --python-only ] || .venv/bin/layerfork setup
say "ready: .venv/bin/layerfork"
