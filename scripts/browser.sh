#!/bin/sh
# Installs Debian's chromium and its driver, with which the tests look at pages; does nothing where they are.
set -eu

say() { printf 'setup: %s\n' "$*"; }

if command -v chromium >/dev/null 2>&1 && command -v chromedriver >/dev/null 2>&1; then
  exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  say "there is no chromium with a chromedriver: tests of the page in a browser are skipped (as root: apt-get install chromium chromium-driver)"
  exit 0
fi
say "installing Debian's chromium and chromium-driver, with which the tests look at the page"
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium chromium-driver; } >/dev/null || {
  printf 'setup: %s\n' "apt-get could not install chromium and chromium-driver" "hint: install them by hand and run make test again" >&2
  exit 3
}
