"""The mode in which a network is run for counting."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from involution_core.operator.integers import pair

Inputs = Tensor | tuple[Tensor, ...]
"""What a network is called with."""


def call(network: nn.Module, inputs: Inputs) -> None:
    """Run the network once."""
    network(*inputs) if isinstance(inputs, tuple) else network(inputs)


def image_of(image_size: int | tuple[int, int], device: torch.device | None = None) -> Tensor:
    """Return a black image (1, 3, H, W); image_size: a side, or (H, W), pixels."""
    return torch.zeros(1, 3, *pair("image_size", image_size, 1), device=device)


def _check_module(network: object) -> None:
    if not isinstance(network, nn.Module):
        raise _no_module(network)
    for module in network.modules():
        compiled = hasattr(module, "_orig_mod") or module._compiled_call_impl is not None
        if compiled or isinstance(module, torch.jit.ScriptModule):
            raise _no_module(module)


def _evaluate(network: nn.Module) -> None:
    try:
        network.eval()
    except NotImplementedError:  # a module of torch.export has one mode
        raise _no_module(network) from None


def _no_module(network: object) -> TypeError:
    return TypeError(
        f"an object of type {type(network).__name__} cannot be counted; count the module itself, "
        "as it is before torch.compile, torch.export or torch.jit"
    )


@contextmanager
def evaluated(network: nn.Module, inputs: Inputs) -> Iterator[None]:
    """Put the network into eval mode without gradients, and restore it afterwards.

    Parameters require no gradient within it, because torch's module tracker fails at their views.
    torch's fused attention, opaque to counters, is disabled. Lazy layers are initialised first.

    Raises:
        TypeError: The network is compiled, exported or scripted, so no counter sees its operators.
    """
    _check_module(network)
    training = {module: module.training for module in network.modules()}
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        _evaluate(network)
        for parameter in learning:
            parameter.requires_grad = False
        with torch.no_grad():
            if any(map(is_lazy, network.parameters())):
                call(network, inputs)
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for module, mode in training.items():
            module.training = mode
        for parameter in learning:
            parameter.requires_grad = True
