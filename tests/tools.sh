# For the tests that are shell scripts.

# need PROGRAM PACKAGE: a test whose tool is missing fails and says what to install; it is not skipped.
need() {
  command -v "$1" >/dev/null 2>&1 && return
  echo "$1 is missing: apt-get install $2"
  exit 1
}

# in_memory: makes the folder $memory, which is gone after the test; in memory, if there is a place, where no disk is waited
# for.
in_memory() {
  memory=$(mktemp -d /dev/shm/runhook.XXXXXX 2>/dev/null) || memory=$(mktemp -d)
  trap 'rm -rf "$memory"' EXIT
}

# declarations HEADERS: the functions that the C headers in this folder declare, one on a line.
declarations() {
  cat "$1"/runhook/*.h | awk '/^RUNHOOK_API / { inside = 1 } inside { printf "%s ", $0 } inside && /;/ { inside = 0; print "" }'
}
