#!/usr/bin/env bash
# Runs `layerfork check` as the action's inputs say. Its exit code is the step's; annotations and the job
# summary are written by `layerfork check` itself.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/words.sh"

each_line --client "$INPUT_CLIENTS"
directory=$(mktemp -d "$RUNNER_TEMP/layerfork-check.XXXXXX")
reports_in "$directory"
if [[ -n $INPUT_RUN ]]; then
  words+=(-- bash --noprofile --norc -eo pipefail -c "$INPUT_RUN")
else
  words+=("$INPUT_PATH")
fi

code=0
layerfork check "${words[@]}" || code=$?
{
  echo "exit-code=$code"
  if [[ -n $(ls -A "$directory") ]]; then echo "directory=$directory"; fi
} >>"$GITHUB_OUTPUT"
exit "$code"
