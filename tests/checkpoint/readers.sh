# readers.sh PROGRAM SECONDS: readers while checkpoints are saved and deleted, on the disk and, where it goes faster, in
# memory.
set -eu
"$1" read "$2"
if [ -w /dev/shm ]; then
  memory=$(mktemp -d /dev/shm/runhook-readers.XXXXXX)
  trap 'rm -rf "$memory"' EXIT
  "$1" "$memory/read" "$2"
fi

# A writer that deletes what others read is noticed.
sh "$SOURCE_DIR/tests/expect.sh" 1 'torn' "$1" careless "$2" careless
