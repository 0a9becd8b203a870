# cpp_headers.sh gcc|clang: every header of the C++ API compiles alone as C++20, needs no library but the standard one, and
# has StatusError with it where it says that it is thrown.
set -eu
case $1 in
  gcc) compiler=g++ ;;
  *) compiler=clang++ ;;
esac
. "$SOURCE_DIR/tests/tools.sh"
need "$compiler" "$(echo "$compiler" | sed 's/clang++/clang/')"

codes=$(sed -nE 's/^#define RUNHOOK_ERR_([A-Z_]+) .*|^  RUNHOOK_ERR_([A-Z_]+)\b.*/\1\2/p' "$SOURCE_DIR/capi/include/runhook/status.h" | paste -sd '|')
count=0 failed=0
for header in $(cd "$SOURCE_DIR/include" && find runhook -name '*.hpp' | sort); do
  printf '#include "%s"\n#include "%s"\n' "$header" "$header" >alone.cpp
  if grep -qE "StatusError|[Tt]hrows? ($codes)" "$SOURCE_DIR/include/$header"; then
    echo 'static_assert(sizeof(runhook::StatusError) > 0);' >>alone.cpp
  fi
  if ! "$compiler" -std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsyntax-only -I "$SOURCE_DIR/include" alone.cpp \
    2>messages; then
    echo "$header does not compile alone with $compiler:"
    cat messages
    failed=1
  fi
  if grep -nE '#include *[<"](fmt|nlohmann|dlpack|google)/' "$SOURCE_DIR/include/$header"; then
    echo "$header shows a dependency"
    failed=1
  fi
  count=$((count + 1))
done
echo "$count headers with $compiler"
[ "$count" -gt 1 ] && exit $failed
