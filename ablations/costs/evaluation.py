"""How a network is run to be counted."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def evaluated(network: nn.Module) -> Iterator[None]:
    """The network in eval mode and without gradients; every module gets its own mode back.

    Attention goes through its ordinary operators meanwhile: the fused ones of torch's fast path are
    opaque to counters.
    """
    training = {module: module.training for module in network.modules()}
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        network.eval()
        with torch.no_grad():
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for module, mode in training.items():
            module.training = mode
