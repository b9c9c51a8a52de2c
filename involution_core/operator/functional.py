"""The involution operator as a function."""

from collections.abc import Sequence

import torch
from torch import Tensor

from involution_core.backends.table import choose_backend
from involution_core.operator.dispatch import aggregate
from involution_core.operator.recording import recorded, static_shape
from involution_core.operator.shapes import check_operands, make_window
from involution_core.operator.torch_state import is_autocast


def _check_types(x: Tensor, weight: Tensor) -> None:
    if not x.dtype.is_floating_point:
        raise ValueError(f"x must be of a floating point type, got {x.dtype}")
    for name, operand in (("x", x), ("weight", weight)):
        if operand.layout is not torch.strided:
            raise ValueError(f"{name} must be a dense tensor, got one of layout {operand.layout}")
    if weight.dtype != x.dtype:
        raise ValueError(f"weight must be of x's type {x.dtype}, got {weight.dtype}")
    if weight.device != x.device:
        raise ValueError(f"weight must be on x's device {x.device}, got {weight.device}")


def _autocast(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    if is_autocast(x) and x.dtype.is_floating_point and x.dtype != torch.float64:
        dtype = torch.get_autocast_dtype(x.device.type)
        return x.to(dtype), weight.to(dtype)
    return x, weight


@recorded
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
    """Apply a kernel for each output pixel: the multiply-add of involution.

    The kernel of a pixel is shared by the C/G consecutive channels of a group, g(k) = ⌊kG/C⌋:

        Y[k, i, j] = Σ_{u, v} weight[g(k), u, v, i, j]
                              · x[k, i·s + u·d − p, j·s + v·d − p]

    with stride s, padding p and dilation d; x is 0 outside the image. The function is
    differentiable to any order and runs under autocast, `torch.compile` and `torch.export`.

    Args:
        x: The input, shape (N, C, H, W), floating point.
        weight: The kernels, shape (N, G·Kh·Kw, Ho, Wo) with the groups outermost, then the rows,
            then the columns of the window; or unflattened, (N, G, Kh, Kw, Ho, Wo). G divides C.
            Same dtype and device as `x`. (Ho, Wo) is the output size of a convolution with the
            same window.
        kernel_size: K in pixels, one integer or (height, width).
        stride: s in pixels, one integer or (height, width). Default 1.
        padding: p in pixels, one integer or (height, width). Default None, which centres the
            window on its pixel and needs odd kernel sizes.
        dilation: d in pixels, one integer or (height, width). Default 1.
        backend: Name of the implementation: "triton", "native", "shift" or "unfold". Default
            None, the first of these that can run here. A backend that is named is never replaced
            by another.

    Returns:
        The output, shape (N, C, Ho, Wo), in x's dtype and memory layout. Under autocast, `x` and
        `weight` are cast to the autocast type (float64 stays). Half types are summed in float32.

    Raises:
        ValueError: Shapes, types or devices do not fit together, or the backend is unknown or
            cannot run here. The message gives the reason.

    Examples:
        A kernel of ones sums the window; at the corner of the image it holds four pixels:

        >>> import torch
        >>> x = torch.ones(1, 4, 5, 6)
        >>> weight = torch.ones(1, 2 * 3 * 3, 5, 6)  # G = 2, K = 3
        >>> y = involution2d(x, weight, kernel_size=3)
        >>> y.shape
        torch.Size([1, 4, 5, 6])
        >>> y[0, 0, 0, 0].item(), y[0, 0, 2, 2].item()
        (4.0, 9.0)

    References:
        Li et al., "Involution: Inverting the Inherence of Convolution for Visual Recognition",
        CVPR 2021, equation 4; the slide "Involution for Visual Recognition".
    """
    window = make_window(kernel_size, stride, padding, dilation)
    groups, _ = check_operands(static_shape(x), static_shape(weight), window)
    x, weight = _autocast(x, weight)
    _check_types(x, weight)
    if weight.ndim == 4:
        weight = weight.unflatten(1, (groups, *window.kernel_size))
    return aggregate(x, weight, window, choose_backend(backend, x.device, x.dtype))
