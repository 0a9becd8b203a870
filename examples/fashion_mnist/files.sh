#!/bin/sh
# files.sh DIR: what a run with --dir has to leave behind is there.
set -eu
cd "$1"
grep -q '<html' report.html
grep -q 'hook &#39;target&#39;' report.html
# The number for which the run has stopped is in every output.
grep -q 'test accuracy' report.html
grep -q '"test accuracy":' metrics.jsonl
[ "$(tail -n 1 metrics.jsonl | cut -c1-8)" = '{"step":' ]
grep -q 'test accuracy' events.out.tfevents.*
grep -q '"kind": "stopped"' run.json
grep -q '"test accuracy": {"step": ' run.json
