"""Calls of the kernels for every layout, type and window."""

from typing import Any

import torch
import triton
import triton.language as tl

from involution_core.backends.gpu.call import Call
from involution_core.backends.gpu.kernels import plain
from involution_core.operator.layout import is_channels_last

TILE = 1024
"""Values of a tile."""
LARGEST_CHANNEL_BLOCK = 64


def _blocks(groups: int, shared: int, spread_last: bool) -> dict[str, Any]:
    """Sizes of a tile: neighbours in memory first, so that loads are of whole lines."""
    channels = min(triton.next_power_of_2(shared), LARGEST_CHANNEL_BLOCK)
    many = 64 if spread_last else 4
    grouped = min(triton.next_power_of_2(groups), max(1, many // channels))
    return {"P": max(1, TILE // (channels * grouped)), "G": grouped, "C": channels}


def launch(call: Call) -> None:
    """Compute the result of any call."""
    first = call.tensors[0]
    blocks = _blocks(call.groups, call.shared, is_channels_last(first))
    pixels = first.shape[0] * call.over[0] * call.over[1]
    kernels = {
        "forward": plain.forward,
        "grad_input": plain.grad_input,
        "grad_weight": plain.grad_weight,
    }
    kernels[call.kernel][
        triton.cdiv(pixels, blocks["P"]),
        triton.cdiv(call.groups, blocks["G"]),
        1 if call.kernel == "grad_weight" else triton.cdiv(call.shared, blocks["C"]),
    ](
        *call.tensors,
        call.groups,
        call.shared,
        *call.size,
        *call.window.output_size(call.size),
        pixels,
        *(step for tensor in call.tensors for step in tensor.stride()),
        *(side for pair in call.window for side in pair),
        **blocks,
        ACC=tl.float64 if first.dtype == torch.float64 else tl.float32,
    )
