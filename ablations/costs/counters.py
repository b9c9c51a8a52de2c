"""The counters that run here, and a network's cost by the first of them.

fvcore imports a private function of torch.jit. Where that has gone, or fvcore itself, torch's
counter alone counts.
"""

from torch import nn

from ablations.costs.conventions import FULL
from ablations.costs.evaluation import Inputs, image_of
from ablations.costs.network_cost import ByModule, NetworkCost, network_cost
from ablations.costs.operators.uncounted import UncountedOperator
from ablations.costs.torch_counter import count_by_torch
from ablations.errors import one_line

TORCH, FVCORE = "FlopCounterMode", "fvcore"

try:
    from ablations.costs.fvcore_counter import count_by_fvcore
except ImportError as error:
    FVCORE_PROBLEM: str | None = one_line(error)
    COUNTERS: tuple[str, ...] = (TORCH,)
else:
    FVCORE_PROBLEM = None
    COUNTERS = (FVCORE, TORCH)
"""COUNTERS: who counts here, the one that `count_cost` asks first; FVCORE_PROBLEM: why fvcore does
not."""


def count_cost(network: nn.Module, image_size: int | tuple[int, int]) -> NetworkCost:
    """The cost of `network`, on a CPU, for one image in eval mode, 3 x `image_size`: a side, or
    (H, W).

    Raises:
        UncountedOperator: Where an operator would be counted as zero.
    """
    return network_cost(network, _count(COUNTERS[0], network, image_of(image_size)))


def macs_by_counter(network: nn.Module, inputs: Inputs) -> dict[str, int]:
    """Multiply-accumulates of one call of `network`, on a CPU, in eval mode, by each counter.

    Args:
        network: Any module of torch.
        inputs: What it is called with.

    Raises:
        UncountedOperator: Where an operator would be counted as zero.

    Example:
        >>> import torch
        >>> from ablations.costs.counters import macs_by_counter
        >>> from involution_core import Involution
        >>> macs_by_counter(Involution(64), torch.zeros(1, 64, 56, 56))
        {'fvcore': 22880256, 'FlopCounterMode': 22880256}
    """
    return {name: FULL.count(_count(name, network, inputs)[""]) for name in COUNTERS}


def _count(counter: str, network: nn.Module, inputs: Inputs) -> ByModule:
    if counter == FVCORE:
        return count_by_fvcore(network, inputs)
    count = count_by_torch(network, inputs)
    if count.uncounted:
        raise UncountedOperator(set(count.uncounted))
    return count.by_module
