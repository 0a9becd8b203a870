# c_headers.sh gcc|clang STANDARD: every header of the C ABI compiles alone, and twice, in this language level.
set -eu
compiler=$1 standard=$2
. "$SOURCE_DIR/tests/tools.sh"
need "$compiler" "$compiler"

case $standard in
  c89) language=c extra='-Wstrict-prototypes -Wno-long-long' ;; # the fixed-width types are long long on some machines
  c++*) language=c++ extra= ;;
  *) language=c extra=-Wstrict-prototypes ;;
esac
count=0 failed=0
for header in "$SOURCE_DIR"/capi/include/runhook/*.h; do
  name=runhook/$(basename "$header")
  printf '#include "%s"\n#include "%s"\nextern int runhook_test_anchor;\n' "$name" "$name" >alone.c
  if ! "$compiler" -x "$language" "-std=$standard" -Wall -Wextra -Wpedantic $extra -Werror -fsyntax-only \
    -I "$SOURCE_DIR/capi/include" alone.c 2>messages; then
    echo "$name does not compile alone as $standard with $compiler:"
    cat messages
    failed=1
  fi
  grep -qF "#include \"$name\"" "$SOURCE_DIR/capi/include/runhook/runhook.h" ||
    case $name in
      runhook/runhook.h | runhook/export.h | runhook/types.h) ;; # itself, and what all the others include
      runhook/standalone.h) ;; # for tests and bindings
      *) echo "runhook.h does not include $name"; failed=1 ;;
    esac
  count=$((count + 1))
done
echo "$count headers as $standard with $compiler"
[ "$count" -gt 1 ] && exit $failed
