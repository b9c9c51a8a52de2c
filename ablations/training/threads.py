"""How many threads a computation takes."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def threads_fixed(number: int) -> Iterator[None]:
    """Within it torch computes with so many threads, behind it with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
