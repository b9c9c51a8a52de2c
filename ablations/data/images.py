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
    """One of `of` parts of each batch that differ by an image at most; number: from 0.

    Put together in their order, the parts of a batch are the batch. Those of a batch of fewer
    images than parts may be empty.
    """

    number: int = 0
    of: int = 1

    def part(self, images: int) -> slice:
        """Its places in a batch of so many images."""
        return slice(images * self.number // self.of, images * (self.number + 1) // self.of)


WHOLE = Share()
"""All of each batch."""

CPU = torch.device("cpu")
ROOM = 4
"""Of a GPU's free memory images take this part at most: the rest is the training's."""


class ImageData(ABC):
    """Labelled images in two splits: to train on, and to measure Top-1 on.

    split: which images the second ones are, of `train_settings.SPLITS`: the data set's test split,
    or validation images that were held out of its training split. The members `test_size` and
    `test_batches` are of these in both cases.

    Everything random in an epoch (order, augmentation) follows from (seed, epoch) alone, so
    every variant trained with one seed sees the same images in the same order.

    share: what the batches below have of each batch; sizes and numbers are those of all images.

    workers: processes that read the images beside the one that trains; 0: it does so itself.

    device: where the batches of images that are held in memory lie. Of images that are read as they
    are needed it is what they are read for: a GPU copies from pinned memory while it computes.
    """

    name: str
    split: str
    classes: int
    image_size: int
    train_size: int
    test_size: int
    description: str
    contents: str = ""
    """What tells the images from others of that name: a digest of them or of the code that makes
    them; empty where the name says it all. It is the same wherever they lie."""
    share: Share = WHOLE
    workers: int = 0
    device: torch.device = CPU

    def shared(self, share: Share) -> Self:
        """The same images, of each batch this part alone."""
        found = copy(self)
        found.share = share
        return found

    def placed(self, device: torch.device) -> Self:
        """The same images, for a network on this device."""
        found = copy(self)
        found.device = device
        return found

    @property
    def fingerprint(self) -> str:
        """What tells this data set from one that would give other numbers."""
        sizes = f"{self.classes} {self.image_size} {self.train_size} {self.test_size}"
        return f"{self.name} {self.split} {sizes} {self.contents}".rstrip()

    @abstractmethod
    def train_epoch(self, seed: int, epoch: int, batch_size: int, skip: int = 0) -> Iterator[Batch]:
        """The training images once, shuffled and augmented, without the first `skip` batches and a
        last one of a single image, see `drops_last`."""

    @abstractmethod
    def test_batches(self, batch_size: int) -> Iterator[Batch]:
        """The images that Top-1 is measured on once, always the same."""

    @property
    def curve_size(self) -> int:
        """How many images `curve_batches` has."""
        return self.test_size

    def curve_batches(self, batch_size: int) -> Iterator[Batch]:
        """Those of `test_batches` that a training curve is measured on before its last point: all,
        where these are not many views of a few."""
        return self.test_batches(batch_size)

    @property
    def held_bytes(self) -> int:
        """About the memory that the images take; next to none where they are read from disk."""
        return 0


def drops_last(train_size: int, batch_size: int) -> bool:
    """Whether the last batch of an epoch is left out: it would be a single image behind others.

    BatchNorm has nothing to take a variance of where one image is left with a map of 1x1. Which
    image it is changes from epoch to epoch.
    """
    return 1 < batch_size < train_size and train_size % batch_size == 1


def batches_of_epoch(train_size: int, batch_size: int) -> int:
    """How many batches an epoch of training has."""
    return math.ceil(train_size / batch_size) - drops_last(train_size, batch_size)


def images_of_epoch(train_size: int, batch_size: int) -> int:
    """How many images these batches have."""
    return train_size - drops_last(train_size, batch_size)


def in_channels_last(images: Tensor) -> Tensor:
    """Images (N, 3, H, W), or (N, 1, H, W) with their channel repeated, in that memory layout."""
    return images.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def place_of(held: int, device: torch.device) -> torch.device:
    """Returns where `held` bytes of images lie that a network on `device` learns from: there, or in
    the computer's memory where a GPU has no room for them."""
    if device.type != "cuda":
        return device
    free, _ = torch.cuda.mem_get_info(device)
    return device if held <= free / ROOM else CPU


def on_device(batch: tuple[Tensor, Tensor], device: torch.device) -> tuple[Tensor, Tensor]:
    """Returns images and labels there. From pinned memory a GPU copies them in its own order of
    work, for which nobody waits."""
    images, labels = batch
    return images.to(device, non_blocking=True), labels.to(device, non_blocking=True)


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
