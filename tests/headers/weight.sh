# weight.sh [control]: what the headers of the C++ API cost whoever includes them, in lines after preprocessing that are
# not empty, beyond the standard headers that they cannot do without. With "control" one is made too heavy, and noticed.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
need g++ g++
failed=0

# lines HEADER...: of a file that includes these.
lines() {
  for header; do
    printf '#include <%s>\n' "$header"
  done | g++ -std=c++20 -E -P -I "$PWD" -I "$SOURCE_DIR/include" -x c++ - >preprocessed
  grep -c . preprocessed
}

# budget HEADER LINES STANDARD-HEADER...: it costs at most so many lines more than these.
budget() {
  header=$1 budget=$2
  shift 2
  standard=$(lines "$@")
  cost=$(($(lines "$header") - standard))
  echo "$header: $cost lines more than $* ($standard), $budget allowed"
  [ "$cost" -le "$budget" ] && return
  echo "$header is too heavy. The largest files that it includes, and these do not:"
  included "$@" | sort >wanted
  included "$header" | sort | comm -23 - wanted | while read -r file; do wc -l "$file"; done | sort -rn | head -n 8
  failed=1
}

# included HEADER...: the files that these consist of.
included() {
  for header; do
    printf '#include <%s>\n' "$header"
  done | g++ -std=c++20 -M -I "$PWD" -I "$SOURCE_DIR/include" -x c++ - | tr -s ' \\' '\n' | grep '^/'
}

basic='memory string vector functional'
# The words are to be split.
if [ "${1-}" = control ]; then
  mkdir -p runhook
  printf '#include <mutex>\n#include "runhook/stop.hpp"\n' >runhook/heavy.hpp
  budget runhook/heavy.hpp 650 $basic >messages
  cat messages
  [ $failed -eq 1 ] && grep -q '^runhook/heavy.hpp is too heavy' messages && grep -q '/mutex$' messages
  exit
fi
budget runhook/stop.hpp 650 $basic
budget runhook/trigger.hpp 700 $basic
budget runhook/hook.hpp 1700 $basic optional
budget runhook/monitored_session.hpp 2000 $basic optional
exit $failed
