# raw_ctypes.sh: callbacks of ctypes and of C that do not say how they ended never count as a success.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
need python3 python3
raw=$SOURCE_DIR/tests/bindings/raw
for level in 0 2; do
  # -w: that its functions return nothing is the point of them.
  "$CC" -std=c99 -w -O$level -shared -fPIC -o careless$level.so "$raw/careless.c"
done
PYTHONDONTWRITEBYTECODE=1 python3 "$raw/raw_ctypes.py" "$PWD/careless0.so" "$PWD/careless2.so"
