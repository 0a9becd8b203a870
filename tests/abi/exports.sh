# The shared library exports what the headers declare, and nothing else.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
LC_ALL=C
export LC_ALL
"$NM" -D --defined-only "$RUNHOOK_LIBRARY" | awk '{print $3}' | sort >exported
declarations "$SOURCE_DIR/capi/include" | sed -nE 's/^RUNHOOK_API [^(]*[ *](runhook_[a-z0-9_]+)\(.*/\1/p' | sort >declared
diff -u declared exported || { echo "- declared but not exported, + exported but not declared"; exit 1; }
echo "$(wc -l <exported) functions"
[ -s exported ]
