# trace_files.sh WRITER: traces nest as they are meant to in a trace viewer, and tell of a failure; faults are found.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
need python3 python3
rm -rf traces faulty
"$1" traces
read_all() {
  PYTHONDONTWRITEBYTECODE=1 sh "$SOURCE_DIR/tests/expect.sh" "$1" "$2" python3 "$SOURCE_DIR/tests/outputs/trace_read.py" "$3"
}
# broken FILE TEXT SED-SCRIPT: with the change the trace is found to be wrong.
broken() {
  rm -rf faulty
  mkdir faulty
  sed "$3" "traces/$1" >"faulty/$1"
  ! cmp -s "traces/$1" "faulty/$1" || { echo "FAILED: nothing to change in $1: $3"; exit 1; }
  read_all 1 "$2" faulty
}
read_all 0 'spans are where they belong' traces

# Rounded to microseconds; a step after its first callback; a time with a fraction of a nanosecond; nodes that overlap.
broken overlap.json "'before_run b' at 101 ns is within" 's/"displayTimeUnit":"ns"/"displayTimeUnit":"ms"/'
broken overlap.json "'before_run a' at 0 ns is within 'None'" '/"name":"step 0"/{h;d};/"name":"before_run a"/G'
broken overlap.json 'not whole nanoseconds' 's/"dur":0.101/"dur":0.1014/'
broken overlap.json 'overlaps' '/"name":"in left"/s/"dur":0.190/"dur":0.450/'
# An error that is not told of, and one that is told of at another place; a step that is missing.
broken timeline-failure.json '0 events tell' '/"ph":"i"/d'
broken timeline-failure.json 'not where the hook has failed' '/"ph":"i"/s/"ts":[0-9.]*/"ts":1.000/'
broken timeline-failure.json 'the steps are' '/"name":"step 50"/d;/"step":50}/d'
