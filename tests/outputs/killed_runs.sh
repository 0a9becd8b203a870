# killed_runs.sh PROGRAM: two hundred runs are killed at random moments, and what they leave tells the truth each time.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
need python3 python3
rm -rf killed lying
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
runs="$SOURCE_DIR/tests/outputs/killed_runs.py"
python3 "$runs" "$1" killed 200

# A directory that does not tell the truth is noticed: the record of a killed run that says that it has ended.
expect() { sh "$SOURCE_DIR/tests/expect.sh" "$@"; }
expect 1 'outcome' python3 "$runs" "$SOURCE_DIR/tests/outputs/lying_run.sh" lying 20
