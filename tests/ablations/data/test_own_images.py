import pytest
import torch

from ablations.data.registry import DataRequest, load_data
from ablations.errors import SettingError

STRIPES = """
import torch
from torch.utils.data import TensorDataset

def stripes(image_size, size=None):
    def images(count):
        labels = torch.arange(count) % 2
        x = torch.arange(size or image_size) % 2
        rows = x.view(1, 1, -1, 1).expand(1, 3, -1, len(x)).float()
        both = torch.cat([rows, rows.mT])
        return TensorDataset(both[labels], labels)
    return images(20), images(8)

def small(image_size):
    return stripes(image_size, 8)

def greyscale(image_size):
    train, test = stripes(image_size)
    return TensorDataset(train.tensors[0][:, :1], train.tensors[1]), test

def empty(image_size):
    return [], []

def pictures(image_size):
    return [("picture", 0)], [("picture", 0)]
"""


DRAWS = """
import random
import numpy as np
import torch

class Noise(torch.utils.data.Dataset):
    targets = [0, 1] * 5

    def __init__(self):
        self.level = torch.rand(1)

    def __len__(self):
        return 10

    def __getitem__(self, place):
        drawn = torch.rand(3, 4, 4) + random.random() + np.random.rand() + self.level
        return drawn.float(), self.targets[place]

def noise(image_size):
    return Noise(), Noise()
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_what_its_items_draw_follows_from_seed_epoch_and_place(write_module, workers):
    write_module("mine_noise", DRAWS)
    here, beside = (
        load_data(DataRequest("mine_noise:noise", "test", None, None, 4, count))
        for count in (0, workers)
    )
    torch.rand(3)
    for read in (
        lambda data: data.train_epoch(3, 1, 4),
        lambda data: data.train_epoch(3, 2, 4),
        lambda data: data.test_batches(4),
    ):
        drawn, same = list(read(here)), list(read(beside))
        assert all(torch.equal(a, b) for (a, _), (b, _) in zip(drawn, same, strict=True))
    first, second = (next(here.train_epoch(3, epoch, 10))[0].sum() for epoch in (1, 2))
    assert first != second
    images, _ = next(here.test_batches(10))
    assert len(images.flatten(1).unique(dim=0)) == 10


def test_reading_images_draws_nothing_from_the_networks_numbers(write_module):
    write_module("mine_noise", DRAWS)
    data = load_data(DataRequest("mine_noise:noise", "test", None, None, 4))
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    list(data.train_epoch(0, 0, 4)), list(data.test_batches(4))
    assert torch.equal(torch.rand(3), expected)


@pytest.fixture
def stripes(write_module):
    write_module("mine_stripes", STRIPES)

    def load(name, split="test", image_size=None):
        return load_data(DataRequest(f"mine_stripes:{name}", split, None, image_size, 16))

    return load


def test_a_users_data_set_is_read_as_any_other(stripes):
    data = stripes("stripes")
    assert (data.classes, data.image_size, data.train_size, data.test_size) == (2, 16, 20, 8)
    batches = list(data.train_epoch(0, 0, 16))
    assert [images.shape for images, _ in batches] == [(16, 3, 16, 16), (4, 3, 16, 16)]
    images, labels = next(data.test_batches(8))
    assert labels.tolist() == [0, 1] * 4
    assert torch.equal(images[0, 0, :, 0], torch.arange(16) % 2 * 1.0)


def test_its_images_may_be_held_out(stripes):
    data = stripes("stripes", "validation")
    assert (data.train_size, data.test_size) == (16, 4)
    assert "the test split was not looked at" in data.description


def test_its_code_is_in_its_fingerprint(stripes, write_module):
    before = stripes("stripes").fingerprint
    write_module("mine_stripes", STRIPES + "# changed\n")
    assert stripes("stripes").fingerprint != before


def test_images_of_another_size_are_resized(stripes):
    data = stripes("small", image_size=16)
    assert data.image_size == 16 and "resized to 16x16 pixels" in data.description
    images, labels = next(data.test_batches(8))
    assert images.shape == (8, 3, 16, 16) and labels.tolist() == [0, 1] * 4
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert data.fingerprint != stripes("small").fingerprint
    (epoch, again) = (next(data.train_epoch(3, 1, 20)) for _ in range(2))
    assert torch.equal(epoch[0], again[0])


def test_digits_at_another_size_keep_their_labels():
    small, large = (load_data(DataRequest("digits", "test", None, size, 32)) for size in (None, 48))
    (images, labels), (resized, same) = (next(d.test_batches(9)) for d in (small, large))
    assert torch.equal(labels, same)
    assert images.shape[2:] == (32, 32) and resized.shape[2:] == (48, 48)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nothing", "has no nothing"),
        ("greyscale", r"an image of shape \(1, 16, 16\); it has to be \(3, H, H\)"),
        ("empty", "a data set without images"),
        ("pictures", "an image is a str and no torch.Tensor"),
    ],
)
def test_what_is_no_data_set_is_told_in_one_line(stripes, name, problem):
    with pytest.raises(SettingError, match=problem) as raised:
        stripes(name)
    assert "\n" not in str(raised.value)
