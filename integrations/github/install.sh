#!/usr/bin/env bash
# Installs layerfork from the action's own checkout into an environment of its own, as uv.lock pins it, and
# puts the command, and nothing else of that environment, on the path of the job.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
home=$RUNNER_TEMP/layerfork
if [[ ! -x $home/bin/layerfork ]]; then
  uv=$(command -v uv || true)
  if [[ -z $uv ]]; then
    version=$(sed -n '/^name = "uv"$/{n;s/version = "\(.*\)"/\1/p;}' "$top/uv.lock")
    python3 -m venv "$home/installer"
    "$home/installer/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$version"
    uv=$home/installer/bin/uv
  fi
  export UV_PROJECT_ENVIRONMENT=$home/environment UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-1}
  "$uv" sync --quiet --frozen --no-dev --no-editable --project "$top"
  mkdir -p "$home/bin"
  ln -s "$home/environment/bin/layerfork" "$home/bin/layerfork"
fi
echo "$home/bin" >>"$GITHUB_PATH"
