# rust.sh SHARED-MODEL STATIC-MODEL: builds the Rust example with rustc alone and trains with a hook in Rust.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
need rustc rustc

libraries=$(dirname "$RUNHOOK_LIBRARY")
rustc --edition 2021 -O "$SOURCE_DIR/examples/rust/train_fashion_mnist.rs" -o train -L "native=$(dirname "$2")" -L "native=$libraries" \
  -l static=fashion_model -l dylib=runhook -l dylib=z -l dylib=m -C "link-arg=-Wl,-rpath,$libraries"
train() { sh "$SOURCE_DIR/tests/expect.sh" "$@"; }
train 0 "stopped by hook 'rust target'" ./train --target 0.83
train 2 'panic: on purpose' ./train --fail
