"""The available counters, and a network's cost by the first of them.

fvcore imports a private function of torch.jit. If that function or fvcore is missing, torch's
counter counts alone.
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
"""COUNTERS: available ones; `count_cost` uses the first. FVCORE_PROBLEM: why fvcore is missing."""


def count_cost(network: nn.Module, image_size: int | tuple[int, int]) -> NetworkCost:
    """Return the cost of `network`, on a CPU, for one image in eval mode.

    Args:
        network: The network.
        image_size: Side of the image, or (H, W), pixels.

    Raises:
        UncountedOperator: An operator has no count.
    """
    return network_cost(network, _count(COUNTERS[0], network, image_of(image_size)))


def macs_by_counter(network: nn.Module, inputs: Inputs) -> dict[str, int]:
    """Return the multiply-accumulates of one call of `network`, on a CPU, in eval mode, by counter.

    Args:
        network: Any module of torch.
        inputs: Its inputs.

    Raises:
        UncountedOperator: An operator has no count.

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
