"""involution2d, the operator as a function."""

from collections.abc import Sequence

import torch
from torch import Tensor

from involution_core.backends.table import choose_backend
from involution_core.operators import involution2d_op
from involution_core.shapes import check_operands, make_window


def _check_types(x: Tensor, weight: Tensor) -> None:
    if not x.dtype.is_floating_point:
        raise ValueError(f"x must be of a floating point type, got {x.dtype}")
    if weight.dtype != x.dtype:
        raise ValueError(f"weight must be of x's type {x.dtype}, got {weight.dtype}")
    if weight.device != x.device:
        raise ValueError(f"weight must be on x's device {x.device}, got {weight.device}")


def static_shape(x: Tensor) -> Sequence[int]:
    """x.shape; under torch.jit.trace its entries are tensors, and the operators take integers."""
    return [int(size) for size in x.shape] if torch.jit.is_tracing() else x.shape


def _autocast(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    kind = x.device.type
    if not torch.amp.is_autocast_available(kind) or not torch.is_autocast_enabled(kind):
        return x, weight
    if x.dtype.is_floating_point and x.dtype != torch.float64:
        dtype = torch.get_autocast_dtype(kind)
        return x.to(dtype), weight.to(dtype)
    return x, weight


def involution2d(
    x: Tensor,
    weight: Tensor,
    *,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
    backend: str | None = None,
) -> Tensor:
    """Y[k, i, j] = sum over u, v of weight[g(k), u, v, i, j] * x[k, i*s + u*d - p, j*s + v*d - p].

    The multiply-add of "Involution" (CVPR 2021), equation 4: one weight per output
    pixel, shared by the C/G consecutive channels of a group.

    x:           (N, C, H, W), floating point.
    weight:      (N, G*Kh*Kw, Ho, Wo), groups outermost, then rows, then columns of the
                 window; or unflattened, (N, G, Kh, Kw, Ho, Wo). G divides C; same dtype and
                 device as x. (Ho, Wo) is the output size of a convolution with that window.
    kernel_size, stride, padding, dilation: pixels, one integer or (height, width).
                 Without padding the window is centred (odd kernel sizes only).
    backend:     name of the implementation; None takes the first that can run here. One that is
                 asked for by name never silently becomes another.

    Returns (N, C, Ho, Wo) in x's dtype and memory layout. Under autocast, x and weight are
    cast to the autocast type (float64 stays); half types are summed in float32.

    Raises ValueError for shapes, types or devices that do not fit, and for a backend that is
    unknown or cannot run here, with the reason.
    """
    window = make_window(kernel_size, stride, padding, dilation)
    groups, _ = check_operands(static_shape(x), static_shape(weight), window)
    x, weight = _autocast(x, weight)
    _check_types(x, weight)
    return involution2d_op(
        x,
        weight if weight.ndim == 6 else weight.unflatten(1, (groups, *window.kernel_size)),
        window.stride,
        window.padding,
        window.dilation,
        choose_backend(backend, x.device, x.dtype).name,
    )
