"""Files in the format of MNIST (IDX), as Debian ships them: compressed."""

import gzip
import math
import struct
from pathlib import Path

import numpy as np

UNSIGNED_BYTES = 8


def read_idx(path: Path) -> np.ndarray:
    """The array of unsigned bytes that a file.gz holds, in its shape.

    Raises:
        OSError: Where it is not there or cannot be read; EOFError where it ends early.
        ValueError: Where it holds something else.
    """
    content = gzip.decompress(path.read_bytes())
    if len(content) < 4 or content[:3] != bytes((0, 0, UNSIGNED_BYTES)):
        raise ValueError(f"{path} holds no bytes in the format of MNIST")
    header = 4 + 4 * content[3]
    shape = struct.unpack(f">{content[3]}I", content[4:header].ljust(header - 4, b"\0"))
    if len(content) != header + math.prod(shape):
        raise ValueError(f"{path} does not hold {' x '.join(map(str, shape))} values")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
