"""Networks on the meta device without what takes them long there and changes no count."""

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

_ATEN = torch.ops.aten


class Unfilled(TorchFunctionMode):
    """Within it nothing is drawn for a parameter and none is set: on the meta device there is no
    memory for the values."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        if func in (Tensor.normal_, Tensor.uniform_, Tensor.fill_, Tensor.zero_):
            return args[0]
        return func(*args, **(kwargs or {}))


class ShapedBatchNorm(TorchDispatchMode):
    """Within it a BatchNorm in eval mode on the meta device gives a map of its input's shape.

    Else it would be decomposed, in Python, into the arithmetic of every element. Counters that are
    entered within this mode see the operator all the same.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        if func is _ATEN._native_batch_norm_legit_no_training.default and args[0].is_meta:
            x = args[0]
            return torch.empty_like(x), x.new_empty(0), x.new_empty(0)
        return func(*args, **(kwargs or {}))
