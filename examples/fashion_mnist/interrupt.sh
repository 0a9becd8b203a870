#!/bin/sh
# interrupt.sh PROGRAM DIR SIGNAL: INT or TERM stops a run after its step, the report says so, and the next run goes on from
# there.
set -eu
rm -rf "$2"
# A shell has what it starts in the background ignore SIGINT, and the hook leaves what is ignored alone.
env --default-signal="$3" "$1" --dir "$2" --target 1 --max-steps 1000000 >"$2.out" 2>"$2.err" &
program=$!
trap 'kill $program 2>/dev/null || :' EXIT
tries=0
# The line that says that the run has begun comes before its first step.
until grep -qsv '"event":"start"' "$2/metrics.jsonl"; do
  tries=$((tries + 1))
  [ $tries -lt 600 ] || { echo "the run has not begun"; cat "$2.err"; exit 1; }
  sleep 0.1
done
kill -"$3" $program
wait $program || true
trap - EXIT
cat "$2.out"
step=$(sed -n "s/^stopped by SIG$3 at step \\([0-9]*\\).*/\\1/p" "$2.out")
[ "$step" -gt 0 ]
grep -q 'signal' "$2/report.html"
[ -s "$2/checkpoints/step-$(printf %010d "$step")/manifest.json" ]
"$1" --dir "$2" --target 1 --max-steps $((step + 100)) >"$2.out" 2>"$2.err" && { echo "it has reached a target of 1"; exit 1; }
cat "$2.out"
grep -F '"event":"start"' "$2/metrics.jsonl" | tail -n 1 | grep -F "\"step\":$step,"
[ -s "$2/checkpoints/step-$(printf %010d $((step + 100)))/manifest.json" ]
