"""How fast a data set gives its images."""

import time

from ablations.data.images import ImageData

SECONDS = 2.0
"""For which images are read from a disk, if an epoch has so many."""


def reading_rate(data: ImageData, batch_size: int, seconds: float = SECONDS) -> float:
    """Images a second that training can take, read and augmented, when it does nothing else.

    What comes first is counted in: the start of the processes that read, or where the images are
    held in memory the augmentation of an epoch, of which they are then taken all.
    """
    start, images = time.perf_counter(), 0
    for _, labels in data.train_epoch(0, 0, batch_size):
        images += len(labels)
        if not data.held_bytes and time.perf_counter() - start >= seconds:
            break
    return images / (time.perf_counter() - start)
