"""save_safetensors.py PATH BYTES...: saves arrays of these sizes with safetensors, brings them to the disk, and prints how many
seconds both took."""

import os
import sys
import time

import numpy
from safetensors.numpy import save_file

arrays = {
    f"variable-{i:05}": numpy.full(int(size) // 4, i, dtype=numpy.float32) for i, size in enumerate(sys.argv[2:])
}
begin = time.perf_counter()
save_file(arrays, sys.argv[1])
descriptor = os.open(sys.argv[1], os.O_RDONLY)
os.fsync(descriptor)
os.close(descriptor)
print(time.perf_counter() - begin)
