#!/usr/bin/env bash
# Starts a layerfork that outlives this step, around a command that waits for `finish`: later steps build
# through its recorder, because the variables of that command become theirs.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/words.sh"

job=$RUNNER_TEMP/layerfork-job
mkdir "$job" "$job/results" || { echo "::error title=layerfork::a recorder was started before and not finished"; exit 2; }
reports_in "$job/results"
if [[ -n $BASELINE_FILE ]]; then
  words=(check --no-ci "${words[@]}" --report "github:$job/annotations" --report "markdown:$job/summary.md")
else
  words=(record --output "$job/results/record.jsonl")
fi
variables=(DOCKER_HOST BUILDX_CONFIG BUILDKIT_HOST)
for name in "${variables[@]}"; do echo "$name=${!name:-}"; done >"$job/before"

# Where to wait is said by a variable: a directory among the words would be taken for a build context.
waits='for name in "$@"; do if [[ -n ${!name:-} ]]; then echo "$name=${!name}"; fi; done >"$waits_in/variables"
touch "$waits_in/ready"
until [[ -e $waits_in/stop ]]; do sleep 0.2; done'
(
  code=0
  waits_in=$job layerfork "${words[@]}" -- bash -c "$waits" bash "${variables[@]}" || code=$?
  echo "$code" >"$job/code"
) >"$job/log" 2>&1 </dev/null &
echo $! >"$job/pid"

while [[ ! -e $job/ready && ! -e $job/code ]] && kill -0 $! 2>/dev/null; do sleep 0.1; done
if [[ ! -e $job/ready ]]; then
  cat "$job/log"
  exit "$(cat "$job/code" 2>/dev/null || echo 3)"
fi
cat "$job/variables" >>"$GITHUB_ENV"
