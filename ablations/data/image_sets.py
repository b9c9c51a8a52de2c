"""The two kinds of data sets: images held in memory, and images read from disk."""

import sys
from collections.abc import Callable, Iterable, Iterator
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

from ablations.data.images import (
    Batch,
    ImageData,
    Share,
    batches_of_epoch,
    in_channels_last,
    place_of,
)
from ablations.data.seeding import drawing_from, seeded


def _batch(images: Tensor, labels: Tensor) -> Batch:
    return in_channels_last(images), labels


@dataclass
class TensorImages(ImageData):
    """Images held in memory.

    Attributes:
        test: Images (N, 1 or 3, H, W), float32, and labels (N,).
        train: Function from a generator to an epoch's augmented training images and labels, with
            the same shapes, in any order.
        views: Times each test image is repeated; all images of one view precede the next view.
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
        # Three copies of the training images: originals, padded, augmented.
        return 3 * self.train_size * self.test[0][0].nbytes + self.test[0].nbytes

    def placed(self, device: torch.device) -> Self:
        """Return a copy on `device` if it has room. Random draws stay the same."""
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
        """Number of images in the first view."""
        return self.test_size // self.views

    def curve_batches(self, batch_size: int) -> Iterator[Batch]:
        return self._first(self.curve_size, batch_size)

    def _first(self, count: int, batch_size: int) -> Iterator[Batch]:
        for images, labels in zip(*(t[:count].split(batch_size) for t in self.test), strict=True):
            mine = self.share.part(len(labels))
            yield _batch(images[mine], labels[mine])


@dataclass(frozen=True)
class _Drawn(Dataset):
    """A data set whose random draws follow from `numbers` and the item's index in any process."""

    images: Any
    numbers: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, place: int) -> Any:
        with drawing_from(*self.numbers, place):
            return self.images[place]


class _Later(BatchSampler):
    """Indices of the batches from number `skip` to below `past`, restricted to `share`."""

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
    """Return the items as one batch, possibly empty, in channels_last before it is pinned."""
    if items:
        return _batch(*default_collate(items))
    return _batch(torch.empty(0, 3, image_size, image_size), torch.empty(0, dtype=torch.int64))


@dataclass
class DatasetImages(ImageData):
    """Images read from disk on demand, from map-style data sets of (image (3, H, W), label).

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
        # Without this generator a loader draws from torch's default one, which the network uses.
        loader: Iterable[Batch] = DataLoader(
            images,
            batch_sampler=places,
            generator=generator,
            num_workers=self.workers,
            pin_memory=self.device.type == "cuda",
            collate_fn=partial(_collated, self.image_size),
            # A fork shares the loaded modules; the trial's process would otherwise spawn workers.
            multiprocessing_context="fork" if self.workers and sys.platform == "linux" else None,
        )
        yield from loader
