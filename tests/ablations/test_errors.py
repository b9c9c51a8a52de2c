"""Errors in one line."""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from ablations.errors import one_line

CUDA = """CUDA error: an illegal memory access was encountered
CUDA kernel errors might be asynchronously reported at some other API call.
Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.
"""


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (RuntimeError(CUDA), "RuntimeError: CUDA error: an illegal memory access was encountered"),
        (OSError("disk\nfull"), "OSError: disk"),
        (KeyError("x"), "KeyError: 'x'"),
        (ValueError(), "ValueError"),
        (ValueError("\n two \n lines"), "ValueError: two"),
    ],
)
def test_its_kind_and_its_first_line(error, line):
    assert one_line(error) == line


def test_a_line_that_announces_one_has_it():
    with pytest.raises(RuntimeError) as caught:
        nn.Linear(2, 2).load_state_dict({"weight": torch.zeros(3, 2), "bias": torch.zeros(2)})
    line = one_line(caught.value)
    assert line.startswith("RuntimeError: Error(s) in loading state_dict for Linear: size mismatch")


class Broken:
    def __len__(self):
        return 4

    def __getitem__(self, place):
        raise IndexError("no such image")


def test_one_of_a_data_loaders_process():
    with pytest.raises(IndexError) as caught:
        list(DataLoader(Broken(), num_workers=1, multiprocessing_context="fork"))
    assert one_line(caught.value) == "IndexError: no such image"
