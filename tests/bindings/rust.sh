# rust.sh SHARED-MODEL STATIC-MODEL: what programs in Rust rely on, and a training run with a hook in Rust. No cargo.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
need rustc rustc

libraries=$(dirname "$RUNHOOK_LIBRARY")
RUST_BACKTRACE=0
export RUST_BACKTRACE
build() { rustc --edition 2021 -O -D warnings "$@" -L "native=$libraries" -C "link-arg=-Wl,-rpath,$libraries"; }
expect() { sh "$SOURCE_DIR/tests/expect.sh" "$@"; }

for tests in hooks_test checkpoints_test; do
  build --test "$SOURCE_DIR/tests/bindings/$tests.rs" -o "$tests" -l runhook
  expect 0 'test result: ok' "./$tests"
done

build "$SOURCE_DIR/examples/rust/train_fashion_mnist.rs" -o train -L "native=$(dirname "$2")" \
  -l static=fashion_model -l dylib=runhook -l dylib=z -l dylib=m
expect 0 "stopped by hook 'rust target'" ./train --target 0.83
expect 2 'because of panic: on purpose' ./train --fail

# A program beside a copy, built as the copy says and without a warning, though it needs a part only. Declarations that
# are newer than the library are refused.
cp -r "$SOURCE_DIR/examples/rust/runhook.rs" "$SOURCE_DIR/examples/rust/runhook" .
cat >hook.rs <<'EOF'
mod runhook;
fn main() {
    println!("{:?}", runhook::Config::new().map(drop));
}
EOF
build_copy() {
  sed "s/VERSION: i32 = 10000/VERSION: i32 = $1/" "$SOURCE_DIR/examples/rust/runhook/ffi.rs" >runhook/ffi.rs
  rustc --edition 2021 -O -D warnings hook.rs -L "$libraries" -l runhook
}
build_copy 10000
expect 0 'Ok(())' env LD_LIBRARY_PATH="$libraries" ./hook
build_copy 10100
expect 0 'Err(Error { code: Unimplemented' env LD_LIBRARY_PATH="$libraries" ./hook
