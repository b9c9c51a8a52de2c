"""An image as a network is tested on it, in Pillow and numpy alone."""

import numpy as np
from PIL import Image


def seen(path, size):
    """(3, size, size), float32: shorter side resized to 256/224 of `size`, the middle of that."""
    with Image.open(path) as file:
        image = file.convert("RGB")
    shorter = size * 256 // 224
    width, height = (int(shorter * side / min(image.size)) for side in image.size)
    resized = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float64)
    top, left = round((height - size) / 2), round((width - size) / 2)
    middle = resized[top : top + size, left : left + size] / 255
    normal = (middle - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    return normal.transpose(2, 0, 1).astype(np.float32)
