"""A batch in parts."""

import pytest
import torch
from pictures import held, read

from ablations.data.images import Share
from ablations.data.resized_images import ResizedImages


@pytest.mark.parametrize("images", [0, 1, 2, 3, 7, 32])
@pytest.mark.parametrize("of", [1, 2, 3, 5])
def test_parts_are_the_batch_and_of_nearly_one_size(images, of):
    parts = [range(images)[Share(number, of).part(images)] for number in range(of)]
    assert [place for part in parts for place in part] == list(range(images))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    "data",
    [held(), read(0), read(2), ResizedImages(held(), 12), ResizedImages(read(0), 12)],
    ids=["held", "read", "read by two", "held, resized", "read, resized"],
)
def test_shares_of_a_data_set_are_its_batches(data):
    """The last of 23 images in batches of 7 are 2, for 3 processes."""
    shares = [data.shared(Share(number, 3)) for number in range(3)]
    for batches in (
        lambda found: found.train_epoch(1, 2, 7, 1),
        lambda found: found.test_batches(7),
        lambda found: found.curve_batches(7),
    ):
        parts = list(zip(*map(batches, shares), strict=True))
        for whole, of_batch in zip(batches(data), parts, strict=True):
            for place in (0, 1):
                assert torch.equal(whole[place], torch.cat([part[place] for part in of_batch]))
        assert [len(labels) for _, labels in parts[-1]] == [0, 1, 1]
    assert (shares[0].train_size, shares[0].fingerprint) == (23, data.fingerprint)
