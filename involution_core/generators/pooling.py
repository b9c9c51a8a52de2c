"""The pixels that a layer's kernels are generated from, one for each output pixel."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from involution_core.operator.recording import recorded
from involution_core.operator.shapes import Pair, Window


def pooling(window: Window) -> nn.Module:
    """Return the module that maps (N, C, H, W) to one pixel for each output pixel of a window.

    Args:
        window: The window of a layer.

    Returns:
        A module without parameters that maps to (N, C, Ho, Wo), the window's output size.

    Examples:
        >>> import torch
        >>> from involution_core.operator.shapes import make_window
        >>> pooling(make_window(3, stride=2, padding=0))(torch.ones(1, 4, 9, 8)).shape
        torch.Size([1, 4, 4, 3])
    """
    steps: list[nn.Module] = []
    if any(window.margins):
        steps.append(nn.ZeroPad2d(window.margins))
    if window.stride != (1, 1):
        steps.append(CellAverage(window.stride))
    if len(steps) > 1:
        return nn.Sequential(*steps)
    return steps[0] if steps else nn.Identity()


class CellAverage(nn.Module):
    """Average pooling over the cells of a grid; one at the edge averages the pixels that it has.

    Args:
        stride: Height and width of a cell, in pixels.
    """

    def __init__(self, stride: Pair) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, ⌈H/s⌉, ⌈W/s⌉)."""
        return _cell_averages(x, self.stride)

    def extra_repr(self) -> str:
        """Return the settings that `print(module)` shows."""
        return f"stride={self.stride}"


@recorded
def _cell_averages(x: Tensor, stride: Pair) -> Tensor:
    if not torch.compiler.is_compiling():
        return F.avg_pool2d(x, stride, ceil_mode=True)
    # ceil_mode decides by the size, which an exported graph leaves open, and Inductor's gradient of
    # a cell at the edge is wrong (torch 2.15): sum zeros beyond the edge, and divide by the share
    # of each cell that lies inside.
    beyond = (0, stride[1] - 1, 0, stride[0] - 1)
    inside = F.pad(x.new_ones(1, 1, *x.shape[2:]), beyond)
    return _cell_sums(F.pad(x, beyond), stride) / _cell_sums(inside, stride)


def _cell_sums(x: Tensor, stride: Pair) -> Tensor:
    """Sum each cell by slices: an exported graph compares their formula with that of the window."""
    rows, columns = (
        [slice(start, (start + 1 - step) or None, step) for start in range(step)] for step in stride
    )
    first, *others = (x[..., row, column] for row in rows for column in columns)
    return sum(others, first)
