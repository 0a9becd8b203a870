# exact_resume.sh PROGRAM RUNS: runs that are killed and started again end as those that never were.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
need python3 python3
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
runs="$SOURCE_DIR/tests/checkpoint/exact_resume.py"
python3 "$runs" "$1" killed "$2"
python3 "$runs" "$1" full "$(($2 / 10))" full
python3 "$runs" "$1" asynchronous "$(($2 / 4))" asynchronous

# Runs that lose something are noticed.
expect() { sh "$SOURCE_DIR/tests/expect.sh" "$@"; }
expect 1 'WRONG' python3 "$runs" "$1" forgetful 20 forgetful
expect 1 'WRONG' python3 "$runs" "$1" shifted 20 shifted
expect 1 'metrics.jsonl' python3 "$runs" "$1" unflushed 20 unflushed
