"""A data set as a user's code: stripes, upright or level, among noise."""

import torch
from torch.utils.data import TensorDataset

TRAINING, TEST = 512, 256


def stripes(image_size):
    """A training and a test set of (image (3, H, W), class): 0 for level stripes, 1 upright."""
    return _images(image_size, TRAINING, seed=0), _images(image_size, TEST, seed=1)


def _images(size, count, seed):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    period = torch.randint(3, 8, (count, 1, 1, 1), generator=generator)
    level = (torch.arange(size).view(1, 1, size, 1) // period % 2).expand(-1, 3, -1, size)
    upright = level.transpose(2, 3)
    images = torch.where(labels.view(-1, 1, 1, 1) == 1, upright, level).float()
    return TensorDataset(images + torch.randn(images.shape, generator=generator), labels)
