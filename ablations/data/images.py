"""What a data set is to the training loop, and the two ways to hold one."""

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Self

import torch
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    default_collate,
)

from ablations.data.placing import CPU, place_of
from ablations.data.seeding import drawing_from, seeded
from ablations.data.share import WHOLE, Share

Batch = tuple[Tensor, Tensor]
"""Images (N, 3, H, W), float32, channels_last, and labels (N,), int64."""


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


def _batch(images: Tensor, labels: Tensor) -> Batch:
    return in_channels_last(images), labels


@dataclass
class TensorImages(ImageData):
    """Images held in memory.

    test:     images (N, 1 or 3, H, W), float32, and labels (N,).
    train:    generator -> the same for one epoch's training images, augmented, in any order.
    views:    so many times each image to test on is there, one view of all behind the other.
    """

    name: str
    split: str
    classes: int
    description: str
    train_size: int
    test: Batch
    train: Callable[[torch.Generator], Batch]
    contents: str = ""
    views: int = 1

    def __post_init__(self) -> None:
        self.image_size = self.test[0].shape[-1]
        self.test_size = len(self.test[1])

    @property
    def held_bytes(self) -> int:
        # The training images are there three times: as they are, with a border, and augmented.
        return 3 * self.train_size * self.test[0][0].nbytes + self.test[0].nbytes

    def placed(self, device: torch.device) -> Self:
        """The same on this device, where it has room; what is random is drawn as before."""
        found = super().placed(place_of(self.held_bytes, device))
        images, labels = self.test
        found.test = images.to(found.device), labels.to(found.device)
        return found

    def train_epoch(self, seed: int, epoch: int, batch_size: int, skip: int = 0) -> Iterator[Batch]:
        generator = seeded(seed, epoch)
        images, labels = (of_epoch.to(self.device) for of_epoch in self.train(generator))
        order = torch.randperm(len(labels), generator=generator)
        batches = order.split(batch_size)
        for chosen in batches[skip : batches_of_epoch(len(order), batch_size)]:
            mine = chosen[self.share.part(len(chosen))]
            yield _batch(images[mine], labels[mine])

    def test_batches(self, batch_size: int) -> Iterator[Batch]:
        return self._first(self.test_size, batch_size)

    @property
    def curve_size(self) -> int:
        """Those of the first view."""
        return self.test_size // self.views

    def curve_batches(self, batch_size: int) -> Iterator[Batch]:
        return self._first(self.curve_size, batch_size)

    def _first(self, count: int, batch_size: int) -> Iterator[Batch]:
        for images, labels in zip(*(t[:count].split(batch_size) for t in self.test), strict=True):
            mine = self.share.part(len(labels))
            yield _batch(images[mine], labels[mine])


@dataclass(frozen=True)
class _Drawn(Dataset):
    """A data set whose items draw from `numbers` and their place, in whatever process they are
    read."""

    images: Any
    numbers: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, place: int) -> Any:
        with drawing_from(*self.numbers, place):
            return self.images[place]


class _Later(BatchSampler):
    """The places of each batch from number `skip` on, below `past`, of each those of `share`;
    nobody reads the others."""

    def __init__(
        self,
        order: Sampler[int],
        batch_size: int,
        share: Share,
        skip: int = 0,
        past: int | None = None,
    ) -> None:
        super().__init__(order, batch_size, drop_last=False)
        self.share, self.skip, self.past = share, skip, past

    def __iter__(self) -> Iterator[list[int]]:
        for places in islice(super().__iter__(), self.skip, self.past):
            yield places[self.share.part(len(places))]

    def __len__(self) -> int:
        return len(range(super().__len__())[self.skip : self.past])


def _collated(image_size: int, items: list[Any]) -> Batch:
    """The items as one batch, which may have none, laid out before it is pinned."""
    if items:
        return _batch(*default_collate(items))
    return _batch(torch.empty(0, 3, image_size, image_size), torch.empty(0, dtype=torch.int64))


@dataclass
class DatasetImages(ImageData):
    """Images read as they are needed, from map-style data sets of (image (3, H, W), label).

    The images do not depend on `workers`.
    """

    name: str
    split: str
    classes: int
    image_size: int
    description: str
    train: Dataset
    test: Dataset
    train_size: int
    test_size: int
    contents: str
    workers: int = 0

    def train_epoch(self, seed: int, epoch: int, batch_size: int, skip: int = 0) -> Iterator[Batch]:
        images, generator = _Drawn(self.train, (seed, epoch)), seeded(seed, epoch)
        order = RandomSampler(images, generator=generator)
        past = batches_of_epoch(self.train_size, batch_size)
        return self._read(images, generator, _Later(order, batch_size, self.share, skip, past))

    def test_batches(self, batch_size: int) -> Iterator[Batch]:
        images = _Drawn(self.test, ())
        places = _Later(SequentialSampler(images), batch_size, self.share)
        return self._read(images, seeded(), places)

    def _read(
        self, images: Dataset, generator: torch.Generator, places: BatchSampler
    ) -> Iterator[Batch]:
        # Without a generator of its own a loader draws from torch's, which is the network's.
        loader: Iterable[Batch] = DataLoader(
            images,
            batch_sampler=places,
            generator=generator,
            num_workers=self.workers,
            pin_memory=self.device.type == "cuda",
            collate_fn=partial(_collated, self.image_size),
            # What has been loaded, they have too. A trial's process would have them begin afresh.
            multiprocessing_context="fork" if self.workers and sys.platform == "linux" else None,
        )
        yield from loader
