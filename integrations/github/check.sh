#!/usr/bin/env bash
# Runs `layerfork check` as the action's inputs say. Its exit code is the step's; annotations and the job
# summary are written by `layerfork check` itself.
set -euo pipefail

words=()
each_line() { # OPTION TEXT: the option for every line that is not empty
  local line
  while IFS= read -r line; do
    line=${line%$'\r'}
    if [[ -n $line ]]; then words+=("$1" "$line"); fi
  done <<<"$2"
}

each_line --allow "$INPUT_ALLOW"
each_line --client "$INPUT_CLIENTS"
if [[ -n $INPUT_MAX_LOST ]]; then words+=(--max-lost "$INPUT_MAX_LOST"); fi
if [[ -n $BASELINE_FILE ]]; then words+=(--baseline "$BASELINE_FILE"); fi

directory=$(mktemp -d "$RUNNER_TEMP/layerfork-check.XXXXXX")
words+=(--output "$directory/record.jsonl")
for report in json:check.json svg:forks.svg html:forks.html sarif:forks.sarif; do
  words+=(--report "${report%%:*}:$directory/${report#*:}")
done
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
