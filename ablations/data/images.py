"""A data set as the training loop sees it: batches, a process's share of them, their device."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

Batch = tuple[Tensor, Tensor]
"""Images (N, 3, H, W), float32, channels_last, and labels (N,), int64."""


@dataclass(frozen=True)
class Share:
    """One process's part of every batch.

    The parts of a batch, in order, are the batch. Their sizes differ by one image at most; a batch
    with fewer images than parts has empty ones.

    Attributes:
        number: Number of the part, from 0.
        of: Number of parts.
    """

    number: int = 0
    of: int = 1

    def part(self, images: int) -> slice:
        """Return the slice of this part in a batch of `images` images."""
        return slice(images * self.number // self.of, images * (self.number + 1) // self.of)


WHOLE = Share()
"""The whole of each batch."""

CPU = torch.device("cpu")
ROOM = 4
"""Images are kept on a GPU only if they fit into 1/ROOM of its free memory."""


class ImageData(ABC):
    """Labelled images in two splits: to train on, and to measure Top-1 on.

    Everything random in an epoch (order, augmentation) follows from (seed, epoch) alone, so
    every variant trained with one seed sees the same images in the same order.

    Attributes:
        name: Name in records.
        split: Images that Top-1 is measured on, one of `train_settings.SPLITS`: the test split, or
            validation images held out of the training split. `test_size` and `test_batches`
            describe these images in both cases.
        classes: Number of classes.
        image_size: Side of the square images, pixels.
        train_size: Training images.
        test_size: Images of `split`.
        description: One line for people.
        contents: Digest of the images or of the code that makes them, independent of their path;
            empty if the name identifies them.
        share: Part of each batch that the methods return. Sizes count all images.
        workers: Processes that read images, besides the one that trains; 0: that one reads.
        device: Device of batches held in memory. Images read from disk are pinned for a GPU.
    """

    name: str
    split: str
    classes: int
    image_size: int
    train_size: int
    test_size: int
    description: str
    contents: str = ""
    share: Share = WHOLE
    workers: int = 0
    device: torch.device = CPU

    def shared(self, share: Share) -> Self:
        """Return a copy restricted to one share of each batch."""
        found = copy(self)
        found.share = share
        return found

    def placed(self, device: torch.device) -> Self:
        """Return a copy for a network on `device`."""
        found = copy(self)
        found.device = device
        return found

    @property
    def fingerprint(self) -> str:
        """Text that differs between data sets that would give different numbers."""
        sizes = f"{self.classes} {self.image_size} {self.train_size} {self.test_size}"
        return f"{self.name} {self.split} {sizes} {self.contents}".rstrip()

    @abstractmethod
    def train_epoch(self, seed: int, epoch: int, batch_size: int, skip: int = 0) -> Iterator[Batch]:
        """Yield the training images of an epoch in batches, shuffled and augmented.

        The first `skip` batches are left out, and a last one of a single image; see `drops_last`.
        """

    @abstractmethod
    def test_batches(self, batch_size: int) -> Iterator[Batch]:
        """Yield the images that Top-1 is measured on, in batches, always in the same order."""

    @property
    def curve_size(self) -> int:
        """Number of images in `curve_batches`."""
        return self.test_size

    def curve_batches(self, batch_size: int) -> Iterator[Batch]:
        """Yield the images of a training curve's points before the last one.

        All of `test_batches`, or its first view if it repeats each image in several views.
        """
        return self.test_batches(batch_size)

    @property
    def held_bytes(self) -> int:
        """Approximate memory of the images, bytes; 0 if they are read from disk."""
        return 0


def drops_last(train_size: int, batch_size: int) -> bool:
    """Return whether an epoch's last batch is left out because it would be a single image.

    BatchNorm cannot take the variance of one image with a map of 1x1. Which image is left out
    changes from epoch to epoch.
    """
    return 1 < batch_size < train_size and train_size % batch_size == 1


def batches_of_epoch(train_size: int, batch_size: int) -> int:
    """Return the number of batches in a training epoch."""
    return math.ceil(train_size / batch_size) - drops_last(train_size, batch_size)


def images_of_epoch(train_size: int, batch_size: int) -> int:
    """Return the number of images in those batches."""
    return train_size - drops_last(train_size, batch_size)


def in_channels_last(images: Tensor) -> Tensor:
    """Return images (N, 1 or 3, H, W) as (N, 3, H, W) in channels_last; one channel is repeated."""
    return images.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def place_of(held: int, device: torch.device) -> torch.device:
    """Return the device that keeps `held` bytes of training images: `device`, or the CPU if a GPU
    lacks room."""
    if device.type != "cuda":
        return device
    free, _ = torch.cuda.mem_get_info(device)
    return device if held <= free / ROOM else CPU


def on_device(batch: tuple[Tensor, Tensor], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return images and labels on `device`. Copies from pinned memory are asynchronous."""
    images, labels = batch
    return images.to(device, non_blocking=True), labels.to(device, non_blocking=True)


SECONDS = 2.0
"""Time limit for measuring the reading rate of images on disk."""


def reading_rate(data: ImageData, batch_size: int, seconds: float = SECONDS) -> float:
    """Return the images per second that can be read and augmented without training.

    The start of worker processes counts. Images held in memory are augmented an epoch at a time,
    so the whole first epoch is measured.
    """
    start, images = time.perf_counter(), 0
    for _, labels in data.train_epoch(0, 0, batch_size):
        images += len(labels)
        if not data.held_bytes and time.perf_counter() - start >= seconds:
            break
    return images / (time.perf_counter() - start)
