"""Random generators that are determined by given numbers, such as a seed."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def seed_of(*numbers: int) -> int:
    """Return a seed determined by the numbers."""
    state = 0
    for number in numbers:
        state = (state * 1_000_003 + number + 1) % 2**63
    return state


def seeded(*numbers: int) -> torch.Generator:
    """Return a generator determined by the numbers."""
    return torch.Generator().manual_seed(seed_of(*numbers))


@contextmanager
def drawing_from(*numbers: int) -> Iterator[None]:
    """Seed the global generators of Python, NumPy and torch (CPU), and restore them afterwards.

    For code that takes no generator: a user's code, image transforms.
    """
    seed, torchs = seed_of(*numbers), torch.default_generator
    before = random.getstate(), np.random.get_state(), torchs.get_state()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torchs.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torchs.set_state(before[2])


State = dict[str, Any]
"""States of generators, as tensors and plain values."""


def generators_state() -> State:
    """Return the states of the global generators of Python, NumPy and torch, CUDA included."""
    version, words, gauss = random.getstate()
    kind, keys, *rest = np.random.get_state(legacy=True)
    return {
        "python": (version, torch.tensor(words), gauss),
        "numpy": (kind, torch.tensor(np.asarray(keys, np.int64)), *rest),
        "torch": torch.default_generator.get_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
    }


def restore_generators(state: State) -> None:
    """Restore the states that `generators_state` returned."""
    version, words, gauss = state["python"]
    kind, keys, *rest = state["numpy"]
    random.setstate((version, tuple(words.tolist()), gauss))
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))
    torch.default_generator.set_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
