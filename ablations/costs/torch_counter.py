"""A second count by other code: torch's FlopCounterMode.

It counts what is dispatched while the network runs, not a trace, at two flops per
multiply-accumulate; convolution and matrix products by its own formulas, the aggregation and an
attention's query-key product by the formulas that `involution_core.operators` registers.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from involution_core.shapes import pair

_NAMES: dict[Any, str] = {
    torch.ops.aten.convolution: "conv",
    **dict.fromkeys(
        (torch.ops.aten.addmm, torch.ops.aten.mm, torch.ops.aten.bmm, torch.ops.aten.baddbmm),
        "linear",
    ),
    torch.ops.involution_core.involution2d: "involution",
    torch.ops.involution_core.involution2d_grad_weight: "query_key",
}


@dataclass(frozen=True)
class TorchCount:
    """Multiply-accumulates by operator, of the whole network and of each module by name."""

    operations: Mapping[str, int]
    modules: Mapping[str, Mapping[str, int]]


def _macs(flops: Mapping[object, int]) -> dict[str, int]:
    by_name: Counter[str] = Counter()
    for operator, count in flops.items():
        macs, odd = divmod(count, 2)
        assert not odd, "two flops for every multiply-accumulate"
        by_name[_NAMES.get(operator, str(operator))] += macs
    return dict(by_name)


def second_count(network: nn.Module, image_size: int | tuple[int, int]) -> TorchCount:
    """What FlopCounterMode counts for one image in eval mode, 3 x `image_size`: a side, or (H, W).

    The network may be on the meta device, where nothing is computed.
    """
    counter = FlopCounterMode(display=False)
    device = next((parameter.device for parameter in network.parameters()), None)
    with torch.no_grad(), counter:
        network.eval()(torch.zeros(1, 3, *pair("image_size", image_size, 1), device=device))
    prefix = f"{type(network).__name__}."
    counts = counter.get_flop_counts()
    return TorchCount(
        operations=_macs(counts.get("Global", {})),
        modules={
            name.removeprefix(prefix): _macs(flops)
            for name, flops in counts.items()
            if name.startswith(prefix)
        },
    )
