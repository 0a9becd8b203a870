#!/bin/sh
# interrupt.sh PROGRAM DIR: Ctrl-C stops a run after its step, and the report says so.
set -eu
rm -rf "$2"
# A shell has what it starts in the background ignore SIGINT, and the hook leaves what is ignored alone.
env --default-signal=INT "$1" --dir "$2" --target 1 --max-steps 1000000 >"$2.out" 2>"$2.err" &
program=$!
tries=0
until [ -s "$2/metrics.jsonl" ]; do
  tries=$((tries + 1))
  [ $tries -lt 600 ] || { echo "the run has not begun"; cat "$2.err"; exit 1; }
  sleep 0.1
done
kill -INT $program
wait $program || true
cat "$2.out"
grep -q 'stopped by SIGINT' "$2.out"
grep -q 'signal' "$2/report.html"
