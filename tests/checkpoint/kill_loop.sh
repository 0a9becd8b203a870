# kill_loop.sh PROGRAM KILLS: what writers leave that are killed at random moments.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
"$1" killed "$2"

# Ways to save that lose what was saved are noticed. On a slow disk they would be killed before they have saved anything.
in_memory
expect() { sh "$SOURCE_DIR/tests/expect.sh" "$@"; }
expect 1 "of 'in-place', seed" "$1" "$memory/in-place" 1000 in-place
expect 1 "of 'unlink-first', seed" "$1" "$memory/unlink-first" 1000 unlink-first
