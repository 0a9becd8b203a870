# other_readers.sh PROGRAM PYTHON RUST: variables.safetensors as every_dtype (PROGRAM) writes it, read by safetensors for
# Python and by safetensors for Rust.
set -eu
fault() {
  rm -rf written
  "$1" written "$2"
}
expect() { sh "$SOURCE_DIR/tests/expect.sh" "$@"; }
read_by() {
  expect "$1" "$2" "$4" -B "$SOURCE_DIR/tests/checkpoint/read_safetensors.py" written/step-0000000001/variables.safetensors
  expect "$1" "$3" "$5" written/step-0000000001/variables.safetensors
}
fault "$1" none
read_by 0 'each value as it was saved' 'each value as it was saved' "$2" "$3"

# One value that is another is noticed, of whatever type.
faults=0
for name in int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 bfloat16 float32 float64 complex64 complex128 boolean \
  string; do
  fault "$1" $name
  read_by 1 "'$name' has another value" "'$name' has another value" "$2" "$3"
  faults=$((faults + 1))
done
echo "other readers: $faults planted faults were noticed by both"
