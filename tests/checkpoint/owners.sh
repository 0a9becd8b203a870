# owners.sh PROGRAM SECONDS: eight processes fight for one directory.
set -eu
"$1" fight "$2"

# Two owners are noticed.
sh "$SOURCE_DIR/tests/expect.sh" 1 'is the owner' "$1" unlocked "$2" unlocked
