#!/bin/sh
# The ABI gate. Compares a built library with the baseline of the release that stands in this folder.
#   check.sh LIBRARY HEADERS   fails if the symbols are not exactly those of runhook.symbols, if the values of constants are
#                              not those of runhook.constants, or if a type or signature of runhook.abi has changed
#   check.sh --baseline LIBRARY HEADERS   writes these three files anew
# LIBRARY has debug information; HEADERS is the folder that holds runhook/*.h. Allowed are callbacks and fields appended to a
# size-versioned table.
set -eu
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)

for tool in python3:python3 abidw:abigail-tools abidiff:abigail-tools "${NM:-nm}:binutils" "${CC:-cc}:gcc"; do
  command -v "${tool%:*}" >/dev/null 2>&1 || { echo "${tool%:*} is missing: apt-get install ${tool##*:}"; exit 2; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

symbols() { "${NM:-nm}" -D --defined-only "$1" | awk '{print $3}' | sort; }

# Constants are in no debug information. Each enumerator, which is what is left of our capitals behind the preprocessor, and
# each macro whose value is an integer is printed by a program.
constants() {
  {
    printf '#include <inttypes.h>\n#include <stdio.h>\n#include "runhook/runhook.h"\nint main(void) {\n'
    {
      "${CC:-cc}" -std=c11 -E -P -I "$1" "$1/runhook/runhook.h" | grep -oE '\bRUNHOOK_[A-Z0-9_]+'
      cat "$1"/runhook/*.h | sed -nE 's/^#define (RUNHOOK_[A-Z0-9_]+) [(0-9-].*/\1/p'
    } | sort -u |
      sed -E 's/.*/  printf("& %" PRId64 "\\n", (int64_t)&);/'
    printf '  return 0;\n}\n'
  } >"$work/constants.c"
  "${CC:-cc}" -std=c11 -I "$1" "$work/constants.c" -o "$work/constants" && "$work/constants"
}

# Where a declaration stood does not belong to an ABI, so that is left out. abidw is not told which headers are public: then it
# and abidiff would say nothing of a parameter that changes from int32_t to int64_t, these being of a system's header. And
# there is nothing private to be left out, for handles have no definition.
types() {
  abidw --exported-interfaces-only --no-corpus-path --no-comp-dir-path --no-show-locs "$1" | sed "s,path='[^']*/,path=',"
}

if [ "$1" = --baseline ]; then
  symbols "$2" >"$here/runhook.symbols"
  constants "$3" >"$here/runhook.constants"
  types "$2" >"$here/runhook.abi"
  echo "$here: $(wc -l <"$here/runhook.symbols") symbols, $(wc -l <"$here/runhook.constants") constants"
  exit 0
fi

library=$1 headers=$2 failed=0

symbols "$library" >"$work/present"
if ! diff -u "$here/runhook.symbols" "$work/present"; then
  echo "the exported symbols are not those of runhook.symbols"
  failed=1
fi

constants "$headers" >"$work/present"
if ! diff -u "$here/runhook.constants" "$work/present"; then
  echo "the constants are not those of runhook.constants"
  failed=1
fi

types "$library" >"$work/types"
python3 "$here/cut_appended.py" "$here/runhook.abi" "$work/types" >"$work/present.abi"
if ! abidiff --harmless "$here/runhook.abi" "$work/present.abi"; then
  echo "types or signatures have changed from runhook.abi"
  failed=1
fi

[ $failed -eq 0 ] || echo "If this is meant: an addition needs a new baseline (target abi-baseline); anything else a new SOVERSION."
exit $failed
