#!/bin/sh
# files.sh DIR: what a run with --dir has to leave behind is there.
set -eu
cd "$1"
grep -q '<html' report.html
grep -q 'hook &#39;target&#39;' report.html
[ "$(tail -n 1 metrics.jsonl | cut -c1-8)" = '{"step":' ]
ls events.out.tfevents.* >/dev/null
