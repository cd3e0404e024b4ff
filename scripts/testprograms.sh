#!/bin/sh
# Installs the programs of Debian that only tests need: chromium with its driver, which look at pages, and the shells
# zsh and fish, in which completions are typed. Does nothing where they are.
set -eu

say() { printf 'setup: %s\n' "$*"; }

missing=""
command -v chromium >/dev/null 2>&1 && command -v chromedriver >/dev/null 2>&1 || missing="chromium chromium-driver"
for shell in zsh fish; do
  command -v "$shell" >/dev/null 2>&1 || missing="$missing $shell"
done
if [ -z "$missing" ]; then
  exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  say "missing, so their tests are skipped (as root: apt-get install $missing)"
  exit 0
fi
say "installing what tests need:" $missing
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing; } >/dev/null || {
  printf 'setup: %s\n' "apt-get could not install $missing" "hint: install them by hand and run make test again" >&2
  exit 3
}
