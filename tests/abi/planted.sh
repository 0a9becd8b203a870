# planted.sh CHANGE: makes a library of stubs from a copy of the headers with one change in it, and sees what the ABI gate
# says. A change that breaks callers must be found, and for its own reason; what may grow must pass.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
need g++ g++
rm -rf headers

# A library that has the ABI of the headers in headers/ and does nothing.
build_stubs() {
  {
    printf '#include "runhook/runhook.h"\n#include "runhook/standalone.h"\n'
    declarations headers | sed -E 's/^/extern "C" /; s/; *$/ { __builtin_trap(); }/'
  } >stubs.cpp
  g++ -std=c++20 -g -w -fPIC -shared -Wl,-soname,librunhook.so.1 -I headers stubs.cpp -o "$1"
}

# change FILE SED-COMMAND: edits a header; it is an error if that changes nothing.
change() {
  cp "headers/runhook/$1" before
  sed -i -E "$2" "headers/runhook/$1"
  ! cmp -s before "headers/runhook/$1" || { echo "$1: the planted change did not take: $2"; exit 1; }
}

cp -R "$SOURCE_DIR/capi/include" headers

found='types or signatures have changed'
case $1 in
  nothing) found= ;;
  callback_appended)
    found=
    change hook.h 's,^(  runhook_callback restore;.*),\1\n  runhook_callback appended;,' ;;
  appended_and_retyped)
    change hook.h 's,^(  runhook_callback restore;.*),\1\n  runhook_callback appended;,'
    change hook.h 's,^  const char ?\* ?name;,  char *name;,' ;;
  field_inserted) change hook.h 's,^(  runhook_callback before_run;.*),  runhook_callback inserted;\n\1,' ;;
  field_removed) change hook.h '/^  runhook_callback on_error;/d' ;;
  field_retyped) change hook.h 's,^  int32_t phase;,  int64_t phase;,' ;;
  callback_retyped) change types.h 's|^(typedef int32_t \(\*runhook_callback\)\(runhook_context ?\* ?context),|\1, int32_t step,|' ;;
  function_removed)
    found='exported symbols are not those'
    change version.h '/^RUNHOOK_API int32_t runhook_version\(void\);/d' ;;
  function_added)
    found='exported symbols are not those'
    change version.h 's,^(RUNHOOK_API int32_t runhook_version)\(void\);,&\n\1_added(void);,' ;;
  signature_changed) change version.h 's,^(RUNHOOK_API runhook_status runhook_check_version\()int32_t,\1int64_t,' ;;
  return_type_changed) change version.h 's,^RUNHOOK_API int32_t runhook_version\(void\);,RUNHOOK_API int64_t runhook_version(void);,' ;;
  constant_changed)
    found='constants are not those'
    change status.h 's,^(  RUNHOOK_ERR_ABORTED = )10,\111,' ;;
  *) echo "no such change: $1"; exit 1 ;;
esac
build_stubs librunhook.so

status=0
sh "$SOURCE_DIR/capi/abi/check.sh" ./librunhook.so headers >said 2>&1 || status=$?
cat said
if [ -z "$found" ]; then
  [ $status -eq 0 ] || { echo "FAILED: the gate is closed to what it should let pass"; exit 1; }
else
  [ $status -eq 1 ] || { echo "FAILED: the gate let a break pass (exit $status)"; exit 1; }
  grep -q "$found" said || { echo "FAILED: the gate closed for another reason"; exit 1; }
fi
