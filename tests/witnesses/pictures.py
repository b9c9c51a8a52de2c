"""Two small data sets of the same 23 images of 3 classes, in memory and read one by one."""

import torch
from torch.utils.data import TensorDataset

from ablations.data.image_sets import DatasetImages, TensorImages

PICTURES = torch.rand(23, 3, 8, 8, generator=torch.Generator().manual_seed(1))
LABELS = torch.arange(23) % 3


def noisy(generator):
    return PICTURES + torch.rand(PICTURES.shape, generator=generator), LABELS


def held():
    return TensorImages("held", "test", 3, "held", 23, (PICTURES, LABELS), noisy, views=1)


def read(workers=0):
    found = TensorDataset(PICTURES, LABELS)
    return DatasetImages("read", "test", 3, 8, "read", found, found, 23, 23, "", workers)
