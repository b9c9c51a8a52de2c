"""A data set at another image size."""

from collections.abc import Iterator
from typing import Self

import torch
import torch.nn.functional as F

from ablations.data.images import Batch, ImageData, Share, in_channels_last


class ResizedImages(ImageData):
    """The images of another data set, resized after they were augmented (bilinear, antialiased)."""

    def __init__(self, data: ImageData, image_size: int) -> None:
        self.name, self.split, self.classes = data.name, data.split, data.classes
        self.image_size = image_size
        self.train_size, self.test_size = data.train_size, data.test_size
        self.description = f"{data.description}; resized to {image_size}x{image_size} pixels"
        self._data = data

    def shared(self, share: Share) -> Self:
        found = super().shared(share)
        found._data = self._data.shared(share)
        return found

    def placed(self, device: torch.device) -> Self:
        found = super().placed(device)
        found._data = self._data.placed(device)
        return found

    @property
    def fingerprint(self) -> str:
        return f"{self._data.fingerprint} resized to {self.image_size}"

    @property
    def held_bytes(self) -> int:
        return self._data.held_bytes

    def train_epoch(self, seed: int, epoch: int, batch_size: int, skip: int = 0) -> Iterator[Batch]:
        yield from map(self._resized, self._data.train_epoch(seed, epoch, batch_size, skip))

    def test_batches(self, batch_size: int) -> Iterator[Batch]:
        yield from map(self._resized, self._data.test_batches(batch_size))

    @property
    def curve_size(self) -> int:
        return self._data.curve_size

    def curve_batches(self, batch_size: int) -> Iterator[Batch]:
        yield from map(self._resized, self._data.curve_batches(batch_size))

    def _resized(self, batch: Batch) -> Batch:
        images, labels = batch
        size = (self.image_size, self.image_size)
        if not len(labels):
            return images.new_empty(0, 3, *size), labels
        resized = F.interpolate(images, size, mode="bilinear", antialias=True)
        return in_channels_last(resized), labels
