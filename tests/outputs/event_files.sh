# event_files.sh WRITER: event files are read by software that is not ours, which finds a damaged one, too.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
need protoc protobuf-compiler
python=/usr/bin/python3  # the one that Debian's packages are for
need "$python" python3
for module in google.protobuf:python3-protobuf crc32c:python3-crc32c PIL:python3-pil; do
  "$python" -c "import ${module%%:*}" || { echo "apt-get install ${module#*:}"; exit 1; }
done
protoc -I "$SOURCE_DIR/tests/outputs" --python_out=. event.proto
PYTHONPATH=.:$SOURCE_DIR/tests/outputs PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH PYTHONDONTWRITEBYTECODE

rm -rf events
file=$("$1" events)
expect() { sh "$SOURCE_DIR/tests/expect.sh" "$@"; }
expect 0 'events are as they were written' "$python" "$SOURCE_DIR/tests/outputs/read_events.py" "$file"

# One bit in the middle.
"$python" -c '
import sys
content = bytearray(open(sys.argv[1], "rb").read())
content[len(content) // 2] ^= 1
open("damaged", "wb").write(content)' "$file"
expect 1 'damaged' "$python" "$SOURCE_DIR/tests/outputs/read_events.py" damaged

# And a value that is another one, under a checksum that is right.
"$python" -c '
import struct, sys
import read_events
content = open(sys.argv[1], "rb").read()
with open("changed", "wb") as out:
    for record in read_events.records(content):
        record = record.replace(struct.pack("<f", 0.25), struct.pack("<f", 0.375))
        size = struct.pack("<Q", len(record))
        crc = lambda data: struct.pack("<I", read_events.masked(data))
        out.write(size + crc(size) + record + crc(record))' "$file"
expect 1 'loss: 0.375' "$python" "$SOURCE_DIR/tests/outputs/read_events.py" changed
