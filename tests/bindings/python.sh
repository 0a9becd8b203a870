# python.sh SHARED-MODEL STATIC-MODEL: trains with a hook in Python.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
need python3 python3
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

train() { sh "$SOURCE_DIR/tests/expect.sh" "$@"; }
program="$SOURCE_DIR/examples/python/train_fashion_mnist.py"
train 0 "stopped by hook 'python target'" python3 "$program" --runhook "$RUNHOOK_LIBRARY" --model "$1"
train 2 'training failed: on purpose' python3 "$program" --runhook "$RUNHOOK_LIBRARY" --model "$1" --fail
