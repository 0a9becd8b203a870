# The library as built has the ABI of the baseline.
set -eu
exec sh "$SOURCE_DIR/capi/abi/check.sh" "$RUNHOOK_LIBRARY" "$SOURCE_DIR/capi/include"
