#!/usr/bin/env bash
# Installs layerfork from the action's own checkout into an environment of its own, as uv.lock pins it, and
# puts the command, and nothing else of that environment, on the path of the job.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
home=$RUNNER_TEMP/layerfork
if [[ ! -x $home/bin/layerfork ]]; then
  uv=$(command -v uv || true)
  if [[ -z $uv ]]; then
    python3 -m venv "$home/installer"
    "$top/scripts/pinned.sh" uv >"$home/installer/uv.txt"
    "$home/installer/bin/python" -m pip install --quiet --disable-pip-version-check \
      --no-deps --require-hashes --only-binary :all: --requirement "$home/installer/uv.txt"
    uv=$home/installer/bin/uv
  fi
  export UV_PROJECT_ENVIRONMENT=$home/environment UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-1}
  "$uv" sync --quiet --frozen --no-dev --no-editable --project "$top"
  mkdir -p "$home/bin"
  ln -s "$home/environment/bin/layerfork" "$home/bin/layerfork"
fi
echo "$home/bin" >>"$GITHUB_PATH"
