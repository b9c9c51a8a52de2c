"""Where random numbers come from: generators that follow from numbers alone, such as a seed."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def seed_of(*numbers: int) -> int:
    """A seed that depends on all of the numbers and on nothing else."""
    state = 0
    for number in numbers:
        state = (state * 1_000_003 + number + 1) % 2**63
    return state


def seeded(*numbers: int) -> torch.Generator:
    """A generator that depends on all of the numbers and on nothing else."""
    return torch.Generator().manual_seed(seed_of(*numbers))


@contextmanager
def drawing_from(*numbers: int) -> Iterator[None]:
    """Within it Python's, numpy's and torch's own generators (on the CPU) follow from the numbers
    alone; behind it they go on as if nothing had been drawn.

    It is for what draws without being handed a generator: a user's code, transforms of images.
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
"""Where generators are, as tensors and plain values."""


def generators_state() -> State:
    """Where Python's, numpy's and torch's own generators are now, those of graphics cards too."""
    version, words, gauss = random.getstate()
    kind, keys, *rest = np.random.get_state(legacy=True)
    return {
        "python": (version, torch.tensor(words), gauss),
        "numpy": (kind, torch.tensor(np.asarray(keys, np.int64)), *rest),
        "torch": torch.default_generator.get_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
    }


def restore_generators(state: State) -> None:
    """Has those generators go on from where they were."""
    version, words, gauss = state["python"]
    kind, keys, *rest = state["numpy"]
    random.setstate((version, tuple(words.tolist()), gauss))
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))
    torch.default_generator.set_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
