# system_calls.sh PROGRAM SCENARIOS [ERROR...]: a process that saves checkpoints is killed at each of its calls of the system,
# and each of them fails with each of these errors, or with those of which system_calls.py knows.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
need python3 python3
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
program=$1 scenarios=$2
shift 2
calls() { python3 "$SOURCE_DIR/tests/checkpoint/system_calls.py" "$program" "$@"; }
for scenario in $scenarios; do
  calls "$scenario" "$scenario" kills
  calls "$scenario" "$scenario" errors "$@"
done

# A program that says too early that it has saved, or says nothing of an error, is noticed.
early() {
  sh "$SOURCE_DIR/tests/expect.sh" 1 'what was acknowledged is lost' \
    python3 "$SOURCE_DIR/tests/checkpoint/system_calls.py" "$program" early early "$@"
}
early kills
early errors EIO
