# For the tests that are shell scripts.

# need PROGRAM PACKAGE: a test whose tool is missing fails and says what to install; it is not skipped.
need() {
  command -v "$1" >/dev/null 2>&1 && return
  echo "$1 is missing: apt-get install $2"
  exit 1
}

# declarations HEADERS: the functions that the C headers in this folder declare, one on a line.
declarations() {
  cat "$1"/runhook/*.h | awk '/^RUNHOOK_API / { inside = 1 } inside { printf "%s ", $0 } inside && /;/ { inside = 0; print "" }'
}
