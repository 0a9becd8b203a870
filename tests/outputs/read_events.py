"""Reads the event file of write_events with other people's software and compares: read_events.py FILE.

Protocol buffers are decoded by protobuf, checksums made by crc32c, pictures decoded by Pillow. Exit status 1 and a line
that says what is wrong if anything is.
"""
import bisect
import io
import math
import struct
import sys

import crc32c
import event_pb2
from PIL import Image

STEPS = range(1, 6)


class Wrong(Exception):
    pass


def check(good, what):
    if not good:
        raise Wrong(what)


def masked(data):
    crc = crc32c.crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(content):
    at = 0
    while at < len(content):
        size, size_crc = struct.unpack_from("<QI", content, at)
        check(masked(content[at:at + 8]) == size_crc, f"damaged: the length at byte {at}")
        data = content[at + 12:at + 12 + size]
        check(len(data) == size, f"cut short: the record at byte {at}")
        (crc,) = struct.unpack_from("<I", content, at + 12 + size)
        check(masked(data) == crc, f"damaged: the record at byte {at}")
        yield data
        at += 16 + size


def edges():
    positive = []
    edge = 1e-12
    while edge < 1e20:
        positive.append(edge)
        edge *= 1.1
    positive.append(sys.float_info.max)
    return [-edge for edge in reversed(positive)] + [0.0] + positive


def check_histogram(histogram, step):
    numbers = [i * step / 7 for i in range(-50, 51)]
    check(histogram.num == len(numbers), "histogram: num")
    check(histogram.min == min(numbers) and histogram.max == max(numbers), "histogram: min and max")
    check(math.isclose(histogram.sum, sum(numbers), abs_tol=1e-9), "histogram: sum")
    check(math.isclose(histogram.sum_squares, sum(n * n for n in numbers)), "histogram: sum_squares")
    all_edges = edges()
    expected = {}
    for number in numbers:
        limit = all_edges[bisect.bisect_right(all_edges, number)]
        expected[limit] = expected.get(limit, 0) + 1
    found = {limit: count for limit, count in zip(histogram.bucket_limit, histogram.bucket) if count}
    check(found == expected, f"histogram: {found} instead of {expected}")
    check(list(histogram.bucket_limit) == sorted(set(histogram.bucket_limit)), "histogram: limits do not ascend")
    check(set(histogram.bucket_limit) <= set(all_edges), "histogram: limits that TensorFlow does not have")
    check(len(histogram.bucket_limit) == len(histogram.bucket), "histogram: not as many limits as counts")


def check_image(value, step):
    channels = int(value.tag[len("image"):])
    height, width = 4 + step, 3
    image = value.image
    check((image.height, image.width, image.colorspace) == (height, width, channels), f"{value.tag}: its extents")
    decoded = Image.open(io.BytesIO(image.encoded_image_string))
    check(decoded.format == "PNG", f"{value.tag}: not a PNG")
    check(decoded.size == (width, height), f"{value.tag}: decoded size {decoded.size}")
    check(decoded.mode == {1: "L", 3: "RGB", 4: "RGBA"}[channels], f"{value.tag}: decoded mode {decoded.mode}")
    expected = bytes(i * 7 % 256 for i in range(height * width * channels))
    check(decoded.tobytes() == expected, f"{value.tag}: its pixels")


def check_text(value, step):
    check(value.tensor.dtype == 7 and not value.tensor.tensor_shape.dim, "note: not one string")
    check(value.tensor.string_val == [f"step {step}: **ü**".encode()], f"note: {value.tensor.string_val}")


def check_value(value, step):
    kind = value.WhichOneof("value")
    if value.tag == "loss":
        check(value.simple_value == struct.unpack("f", struct.pack("f", 1 / step))[0], f"loss: {value.simple_value}")
    elif value.tag == "extreme":
        check(math.isinf(value.simple_value) if step == 1 else math.isnan(value.simple_value), "extreme")
    elif kind == "tensor":
        check_text(value, step)
    elif kind == "histo":
        check_histogram(value.histo, step)
    else:
        check_image(value, step)


def check_file(path):
    with open(path, "rb") as file:
        events = [event_pb2.Event.FromString(record) for record in records(file.read())]
    check(events[0].file_version == "brain.Event:2", "the version is not first")
    check(events[1].session_log.status == event_pb2.SessionLog.START, "the session is not announced")
    check(events[-1].session_log.checkpoint_path == "model-5", "the checkpoint is not mentioned")
    check(all(event.wall_time > 1.6e9 for event in events), "times before there was runhook")
    plugins = {}
    steps = {}
    for event in events[2:-1]:
        for value in event.summary.value:
            check_value(value, event.step)
            steps.setdefault(value.tag, []).append(event.step)
            if value.HasField("metadata"):
                check(value.tag not in plugins, f"{value.tag}: described twice")
                plugins[value.tag] = value.metadata.plugin_data.plugin_name
    all_steps = list(STEPS)
    check(steps == {"loss": all_steps, "note": all_steps, "numbers": all_steps, "image1": all_steps,
                    "image3": all_steps, "image4": all_steps, "extreme": [1, 2]}, f"steps: {steps}")
    check(plugins == {"loss": "scalars", "extreme": "scalars", "note": "text", "numbers": "histograms",
                      "image1": "images", "image3": "images", "image4": "images"}, f"plugins: {plugins}")
    print(f"{len(events)} events are as they were written")


def main():
    try:
        check_file(sys.argv[1])
    except Wrong as wrong:
        print(wrong)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
