# exact_resume.sh PROGRAM RUNS: runs that are killed and started again end as those that never were. Most of them are in
# memory, if there is a place: a kill knows no difference, and no step waits for a disk.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
need python3 python3
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
runs="$SOURCE_DIR/tests/checkpoint/exact_resume.py"
in_memory
python3 "$runs" "$1" "$memory/killed" "$2"
python3 "$runs" "$1" "$memory/asynchronous" "$(($2 / 4))" asynchronous
python3 "$runs" "$1" full "$(($2 / 20))" full

# Runs that lose something are noticed.
expect() { sh "$SOURCE_DIR/tests/expect.sh" "$@"; }
expect 1 'WRONG' python3 "$runs" "$1" "$memory/forgetful" 20 forgetful
expect 1 'WRONG' python3 "$runs" "$1" "$memory/shifted" 20 shifted
expect 1 'metrics.jsonl' python3 "$runs" "$1" "$memory/unflushed" 20 unflushed
