#!/usr/bin/env bash
# Ends the recorder of `start`, shows what it found, and gives later steps their variables back.
set -euo pipefail

job=$RUNNER_TEMP/layerfork-job
if [[ ! -e $job/ready ]]; then
  echo "::error title=layerfork::no recorder was started: the action start comes before this one"
  exit 2
fi
touch "$job/stop"
while [[ ! -e $job/code ]] && kill -0 "$(cat "$job/pid")" 2>/dev/null; do sleep 0.1; done
cat "$job/log"
if [[ ! -e $job/code ]]; then
  echo "::error title=layerfork::the recorder was killed, so nothing can be said of what was built"
  echo 3 >"$job/code"
fi
code=$(cat "$job/code")
if [[ $code != 0 && -e $job/annotations ]]; then cat "$job/annotations"; fi
if [[ -e $job/summary.md ]]; then cat "$job/summary.md" >>"$GITHUB_STEP_SUMMARY"; fi
cat "$job/before" >>"$GITHUB_ENV"
results=$(mktemp -d "$RUNNER_TEMP/layerfork-check.XXXXXX")
cp -R "$job/results/." "$results"
rm -rf "$job"
{
  echo "exit-code=$code"
  if [[ -n $(ls -A "$results") ]]; then echo "directory=$results"; fi
} >>"$GITHUB_OUTPUT"
exit "$code"
