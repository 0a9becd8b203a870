# doc_comments.sh: the comments of the public headers are in the form that Doxygen reads, and one that is not is found.
set -eu
check() { awk -f "$SOURCE_DIR/tests/headers/doc_comments.awk" "$@"; }

check "$SOURCE_DIR"/capi/include/runhook/*.h || exit 1
check $(find "$SOURCE_DIR/include" -name "*.hpp") || exit 1

# Each of these stands for what the check has to find.
header=$SOURCE_DIR/capi/include/runhook/version.h
must_find() {
  if check planted.h >messages; then
    echo "not found: $1"
    exit 1
  fi
}
sed 's/^ \* \\returns \(.*\)/ * It says so. \\returns \1/' "$header" >planted.h
must_find 'a tag in the middle of a line'
sed '/^ \* \\threadsafety/d' "$header" >planted.h
must_find 'a function without \threadsafety'
{ cat "$header"; printf '/* %0120d */\n' 0; } >planted.h
must_find 'a line that is too long'
