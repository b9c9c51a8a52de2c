"""Networks that torch.compile has compiled."""

import torch
from torch import Tensor, nn

from ablations.errors import SettingError

KINDS = 1024
"""So many kinds of networks and batches one process may compile, before torch, without a word,
would compile no more."""


def compiled(network: nn.Module) -> nn.Module:
    """The network with its forward and backward compiled by Inductor for each size of a batch; the
    same parameters under other names."""
    from torch._dynamo import config

    config.recompile_limit = config.accumulated_recompile_limit = KINDS
    return torch.compile(network, dynamic=False)  # type: ignore[return-value]  # a module of a module


def check_compiler(device: torch.device) -> None:
    """Compiles a function, for before anything is written.

    Raises:
        SettingError: Where that cannot be done.
    """

    def one_more(x: Tensor) -> Tensor:
        return x + 1

    try:
        torch.compile(one_more)(torch.zeros(1, device=device))
    except Exception as error:  # of torch's many layers, or of a compiler
        needs = "Triton" if device.type == "cuda" else "a C++ compiler and Python's headers"
        kind = type(error).__name__
        problem = f"torch.compile needs {needs} ({kind}; TORCH_LOGS=+inductor says more)"
        raise SettingError("compile", "yes", problem) from None
