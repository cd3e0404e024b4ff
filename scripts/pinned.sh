#!/bin/sh
# usage: scripts/pinned.sh PACKAGE
# Prints a line for pip's --require-hashes: the version of a package that uv.lock pins, and the hashes of its wheels.
set -eu
awk -v name="$1" '
  /^\[\[package\]\]$/ { ours = 0 }
  $0 == "name = \"" name "\"" { ours = 1 }
  ours && /^version = / { split($0, part, "\""); printf "%s==%s", name, part[2] }
  ours && /\.whl"/ && match($0, /sha256:[0-9a-f]+/) { printf " --hash=%s", substr($0, RSTART, RLENGTH); found = 1 }
  END { print ""; exit !found }
' "$(dirname "$0")/../uv.lock"
