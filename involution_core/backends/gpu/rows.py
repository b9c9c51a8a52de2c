"""Which calls the kernels for runs of pixels serve, and how they are launched."""

import triton

from involution_core.backends.gpu.call import Call
from involution_core.backends.gpu.kernels import rows
from involution_core.operator.layout import is_channels_last

VALUES = 256
"""Run by channel values of a program, by one warp; more warps, or fewer pixels a run, were slower
on an H200."""
LARGEST_SHARED = 256
LONGEST_ROW = 32
"""Values that a thread goes along for each row of the window, written out one by one."""


def suits(call: Call) -> bool:
    """Return whether these kernels serve a call."""
    weight = call.weight
    _, groups, kernel_height, kernel_width, height, width = weight.shape
    taps = kernel_height * kernel_width
    (_, step), (_, apart) = call.window.stride, call.window.dilation
    row = (rows.RUN.value - 1) * step + (kernel_width - 1) * apart + 1
    pixel = (height * width * groups * taps, width * groups * taps, groups * taps)
    return (
        call.kernel != "grad_weight"
        and (call.kernel == "forward" or call.window.stride == (1, 1))
        and call.maps[0].element_size() <= 4
        and call.shared <= LARGEST_SHARED
        and row <= LONGEST_ROW
        and all(is_channels_last(tensor) for tensor in call.maps)
        and (weight.stride(0), weight.stride(4), weight.stride(5)) == pixel
        and weight.stride(2) == kernel_width * weight.stride(3)
    )


def launch(call: Call) -> None:
    """Compute the result of a call that `suits`."""
    height, width = call.over
    runs = call.weight.shape[0] * height * triton.cdiv(width, rows.RUN.value)
    channels = triton.next_power_of_2(call.shared)
    groups = min(triton.next_power_of_2(call.groups), max(1, 64 // channels))
    many = max(1, VALUES // (channels * groups))
    kernel = {"forward": rows.forward, "grad_input": rows.grad_input}[call.kernel]
    kernel[(triton.cdiv(runs, many), triton.cdiv(call.groups, groups))](
        *call.tensors,
        runs,
        *call.size,
        *call.window.output_size(call.size),
        GROUPS=call.groups,
        SHARED=call.shared,
        GROUP=call.weight.stride(1),
        TAP=call.weight.stride(3),
        **call.window_constants,
        P=many,
        G=groups,
        C=channels,
        num_warps=1,
    )
