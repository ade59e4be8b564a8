"""Writes golden files: tensors as safetensors, everything else as JSON beside them."""
import json
import os
import struct

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = {np.dtype("float32"): "F32", np.dtype("int64"): "I64", np.dtype("bool"): "BOOL"}


def write_safetensors(name, tensors, metadata=None):
    header, offset, chunks = {}, 0, []
    if metadata:
        header["__metadata__"] = metadata
    for key in sorted(tensors):
        array = np.asarray(tensors[key])
        shape = list(array.shape)
        array = np.ascontiguousarray(array)
        header[key] = {"dtype": NAMES[array.dtype], "shape": shape, "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
        chunks.append(array.tobytes())
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(HERE, name), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(chunks))


def write_json(name, value):
    with open(os.path.join(HERE, name), "w") as file:
        json.dump(value, file, indent=1)
        file.write("\n")
