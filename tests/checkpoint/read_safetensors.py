"""Reads what every_dtype has written with the package safetensors: read_safetensors.py FILE

Each value has to be what the same rule gives here. Exit status 1 and a line for each tensor of which one is not.
"""
import sys

import ml_dtypes
import numpy as np
import safetensors

COUNT, SHAPE = 24, (2, 3, 4)
N = np.arange(COUNT)


def integers(dtype):
    bits = np.dtype(dtype).itemsize * 8
    values = [((2**63 + n * 0x0B21642C8590B216) % 2**64) >> (64 - bits) for n in range(COUNT)]
    signed = np.dtype(dtype).kind == "i"
    return np.array([v - 2**bits if signed and v >= 2 ** (bits - 1) else v for v in values], dtype)


EXPECTED = {np.dtype(dtype).name: integers(dtype)
            for dtype in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")}
EXPECTED |= {
    "float16": (1 + N / 64).astype(np.float16),
    "bfloat16": (1 + N / 64).astype(ml_dtypes.bfloat16),
    "float32": (N - 12).astype(np.float32) / np.float32(3),
    "float64": (N - 12) / 3,
    "complex64": (N - 0.5j * N).astype(np.complex64),
    "complex128": np.stack([N, -N / 2], 1),  # the format has no such type: two numbers
    "boolean": N % 3 == 0,
}
EXPECTED = {name: values.reshape(SHAPE + values.shape[1:]) for name, values in EXPECTED.items()}
EXPECTED |= {
    'größe "1"\n': np.array(2.5),
    "empty": np.zeros((0, 3), np.float32),
    "string": np.frombuffer(b"Strasse", np.uint8),
}
NAMES = {"BF16": ml_dtypes.bfloat16, "BOOL": np.bool_, "C64": np.complex64}


def tensors(path):
    """What the package finds, without its table of NumPy's types, which has no bfloat16."""
    with open(path, "rb") as file:
        for name, tensor in safetensors.deserialize(file.read()):
            dtype = tensor["dtype"]
            kind = NAMES.get(dtype) or np.dtype(f"{dtype[0].lower()}{int(dtype[1:]) // 8}")
            yield name, np.frombuffer(tensor["data"], kind).reshape(tensor["shape"])


def difference(got, wanted):
    if got.dtype != wanted.dtype or got.shape != wanted.shape:
        return f"{got.dtype} {got.shape}, and not {wanted.dtype} {wanted.shape}"
    if got.tobytes() != wanted.tobytes():
        return f"another value than {wanted.ravel()[(got != wanted).ravel()]}"
    return None


def main():
    path = sys.argv[1]
    found = dict(tensors(path))
    wrong = [f"'{name}' is missing" for name in EXPECTED.keys() - found.keys()]
    wrong += [f"'{name}' is one too many" for name in found.keys() - EXPECTED.keys()]
    # The usual way for programs in Python, as well.
    with safetensors.safe_open(path, framework="np") as file:
        wrong += [f"'{name}' is not found by safe_open" for name in EXPECTED.keys() - set(file.keys())]
        kinds = file.metadata()
        lazily = {name: file.get_tensor(name) for name in EXPECTED if name != "bfloat16"}
    for name, wanted in EXPECTED.items():
        for values in (found.get(name), lazily.get(name)):
            why = difference(values, wanted) if values is not None else None
            if why:
                wrong.append(f"'{name}' has {why}")
    if kinds != {"runhook:complex128": "complex128", "runhook:string": "string"}:
        wrong.append(f"the metadata are {kinds}")
    if wrong:
        print("WRONG:", *wrong, sep="\n  ")
        return 1
    print(f"safetensors {safetensors.__version__} for Python: {len(EXPECTED)} tensors, each value as it was saved")
    return 0


if __name__ == "__main__":
    sys.exit(main())
