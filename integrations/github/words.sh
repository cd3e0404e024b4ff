# shellcheck shell=bash
# Sourced: the words of `layerfork check` that the inputs of an action ask for, in the array `words`.

words=()
each_line() { # OPTION TEXT: the option for every line that is not empty
  local line
  while IFS= read -r line; do
    line=${line%$'\r'}
    if [[ -n $line ]]; then words+=("$1" "$line"); fi
  done <<<"$2"
}
reports_in() { # DIRECTORY
  local report
  words+=(--output "$1/record.jsonl")
  for report in json:check.json svg:forks.svg html:forks.html sarif:forks.sarif; do
    words+=(--report "${report%%:*}:$1/${report#*:}")
  done
}

each_line --allow "$INPUT_ALLOW"
if [[ -n $INPUT_MAX_LOST ]]; then words+=(--max-lost "$INPUT_MAX_LOST"); fi
if [[ -n $BASELINE_FILE ]]; then words+=(--baseline "$BASELINE_FILE"); fi
