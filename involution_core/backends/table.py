"""The implementations of the operator, in order of preference."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from involution_core.backends import shift, unfold
from involution_core.backends.gpu import triton_backend as gpu
from involution_core.backends.native import native_backend as native
from involution_core.backends.native import native_bands
from involution_core.operator.route import is_composing
from involution_core.operator.shapes import Pair, Window


def _anywhere(device: torch.device, dtype: torch.dtype) -> None:
    """Run for every device and type."""


def _never(dtype: torch.dtype, channels: int, groups: int) -> bool:
    return False


@dataclass(frozen=True)
class Bands:
    """Span and aggregation in one, without ever holding all kernels in memory.

    Shapes: x and hidden (N, c, Ho, Wo), the span's weight (G·Kh·Kw, c) and bias (G·Kh·Kw,).

    Attributes:
        pays: (dtype, N·Ho·Wo·G·Kh·Kw) -> whether bands support the dtype and are faster for this
            many values of kernels.
        forward: (x, hidden, weight, bias, window) -> output.
        backward: (grad, x, hidden, weight, bias, window, which of the four are needed) -> gradients
            by x, hidden, weight and bias, None for those not needed.
    """

    pays: Callable[[torch.dtype, int], bool]
    forward: Callable[[Tensor, Tensor, Tensor, Tensor, Window], Tensor]
    backward: Callable[
        [Tensor, Tensor, Tensor, Tensor, Tensor, Window, Sequence[bool]], tuple[Tensor | None, ...]
    ]


@dataclass(frozen=True)
class Backend:
    """An implementation of the operator and its two adjoints.

    Shapes: x (N, C, H, W), weight (N, G, Kh, Kw, Ho, Wo), output and grad (N, C, Ho, Wo).

    Attributes:
        name: Its name for `backend=`.
        forward: (x, weight, window) -> output.
        grad_input: (grad, weight, window, (H, W)) -> gradient by x.
        grad_weight: (grad, x, window, G) -> gradient by weight.
        unavailable: (device, dtype) -> why it cannot run for such tensors, or None. Default: it
            runs everywhere.
        groups_innermost: (dtype, C, G) -> whether it prefers the groups of a channels_last weight
            innermost, inside the taps. Default: no.
        composed: Whether it is made of torch's own differentiable operators, so that it also runs
            without this package's operators around it. Default: no.
        bands: The generator's last layer and the operator in one, or None.
    """

    name: str
    forward: Callable[[Tensor, Tensor, Window], Tensor]
    grad_input: Callable[[Tensor, Tensor, Window, Pair], Tensor]
    grad_weight: Callable[[Tensor, Tensor, Window, int], Tensor]
    unavailable: Callable[[torch.device, torch.dtype], str | None] = _anywhere
    groups_innermost: Callable[[torch.dtype, int, int], bool] = _never
    composed: bool = False
    bands: Bands | None = None


_TABLE = [
    Backend(
        "triton",
        gpu.forward,
        gpu.grad_input,
        gpu.grad_weight,
        gpu.unavailable,
        gpu.groups_innermost,
    ),
    Backend(
        "native",
        native.forward,
        native.grad_input,
        native.grad_weight,
        native.unavailable,
        native.groups_innermost,
        bands=Bands(native_bands.pays, native_bands.forward, native_bands.backward),
    ),
    Backend("shift", shift.forward, shift.grad_input, shift.grad_weight, composed=True),
    Backend("unfold", unfold.forward, unfold.grad_input, unfold.grad_weight, composed=True),
]

BACKENDS = {backend.name: backend for backend in _TABLE}
"""Every backend by name, preferred first."""


def check_backend(name: str | None) -> None:
    """Check a backend's name, whether it can run here or not.

    Args:
        name: A name in `BACKENDS`, or None.

    Raises:
        ValueError: It is something else.
    """
    if name is not None and name not in [*BACKENDS]:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, got {name!r}")


def choose_backend(name: str | None, device: torch.device, dtype: torch.dtype) -> Backend:
    """Return the backend to run.

    Args:
        name: A name in `BACKENDS`; None for the first that can run, and in an export for
            "unfold".
        device: Device of the operands.
        dtype: Type of the operands.

    Returns:
        Its entry in the table.

    Raises:
        ValueError: The name is not in the table, or the backend cannot run here; the message
            gives the reason.
    """
    if name is None:
        if is_composing():
            return BACKENDS["unfold"]  # a few nodes in the graph; shift has as many per tap
        return next(b for b in _TABLE if b.unavailable(device, dtype) is None)
    check_backend(name)
    reason = BACKENDS[name].unavailable(device, dtype)
    if reason is not None:
        raise ValueError(f"backend {name!r} cannot run: {reason}")
    return BACKENDS[name]


def describe_backends() -> list[tuple[str, str]]:
    """Return every backend, preferred first, with where it runs here or why it does not."""
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    described = []
    for backend in _TABLE:
        reasons = {d: backend.unavailable(torch.device(d), torch.float32) for d in devices}
        runs = [device for device, reason in reasons.items() if reason is None]
        state = f"runs on {' and '.join(runs)}" if runs else f"cannot run: {reasons[devices[-1]]}"
        described.append((backend.name, state))
    return described
