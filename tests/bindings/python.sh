# python.sh SHARED-MODEL STATIC-MODEL: what programs in Python rely on, and a training run with a hook in Python.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
need python3 python3
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$SOURCE_DIR/examples/python
export PYTHONDONTWRITEBYTECODE PYTHONPATH

expect() { sh "$SOURCE_DIR/tests/expect.sh" "$@"; }
expect 0 OK python3 "$SOURCE_DIR/tests/bindings/hooks_test.py"
expect 0 OK python3 "$SOURCE_DIR/tests/bindings/interrupts_test.py" --model "$1"

program="$SOURCE_DIR/examples/python/train_fashion_mnist.py"
expect 0 "stopped by hook 'python target'" python3 "$program" --model "$1"
expect 2 "because of ValueError('on purpose" python3 "$program" --model "$1" --fail

# The library is also found by its name; declarations that are newer than it are refused on import.
expect 0 ABORTED env -u RUNHOOK_LIBRARY LD_LIBRARY_PATH="$(dirname "$RUNHOOK_LIBRARY")" \
  python3 -c 'import runhook; print(runhook.Code(10).name)'
mkdir -p newer
sed 's/^VERSION = 10000/VERSION = 10100/' "$SOURCE_DIR/examples/python/runhook_abi.py" >newer/runhook_abi.py
expect 1 'cannot serve declarations of version 10100' env PYTHONPATH="newer:$PYTHONPATH" python3 -c 'import runhook'
