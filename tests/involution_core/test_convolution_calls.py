"""Calls with a convolution's arguments are refused with what to write, and no sensible layer is."""

import pytest
import torch

from involution_core import Involution, Involution1d, Involution3d

OUT = "Involution has no out_channels: for torch.nn.Conv2d"
SAME = f"{OUT}(64, 64, 7) write Involution(64, 7); if 64 is the window, write kernel_size=64"
OTHER = (
    f"{OUT}(64, 128, 7) write torch.nn.Sequential(Involution(64, 7), "
    "torch.nn.Conv2d(64, 128, 1)); if 128 is the window, write kernel_size=128"
)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Involution(64, 64, 7), SAME),
        (lambda: Involution(64, 64, 7, padding=3), SAME),
        (lambda: Involution(64, 64, 7, padding=0), SAME),
        (lambda: Involution(64, 64, 7, padding="same"), SAME),
        (lambda: Involution(64, 64, 7, stride=2, padding=3), SAME),
        (lambda: Involution(64, 64, 7, 2, 3), SAME),
        (lambda: Involution(64, 64, 7, 2, 3, 1, 4), SAME),
        (lambda: Involution(64, 64, kernel_size=7), SAME),
        (lambda: Involution(64, 128, 7), OTHER),
        (lambda: Involution(64, 128, 7, padding=3), OTHER),
        (lambda: Involution(64, 128, kernel_size=7, padding=3), OTHER),
        (lambda: Involution(64, 64), f"{OUT}(64, 64, kernel_size) write Involution(64, kernel_siz"),
        (lambda: Involution(16, 16, 3, padding=1), f"{OUT}(16, 16, 3) write Involution(16, 3)"),
        (lambda: Involution(64, 8, 3, padding=1), f"{OUT}(64, 8, 3) write"),
        (lambda: Involution(64, 63, 7, padding=3), f"{OUT}(64, 63, 7) write"),
        (lambda: Involution(64, 64, 3, padding=2, dilation=2), f"{OUT}(64, 64, 3) write"),
        (lambda: Involution(64, 64, 4, 2, padding=1), f"{OUT}(64, 64, 4) write"),
        (lambda: Involution(64, 64, (3, 5), padding=(1, 2)), f"{OUT}(64, 64, (3, 5)) write"),
        (lambda: Involution1d(64, 64, 7, padding=3), "Conv1d(64, 64, 7) write Involution1d(64, 7)"),
        (lambda: Involution3d(64, 64, 3), "Conv3d(64, 64, 3) write Involution3d(64, 3)"),
        (
            lambda: Involution(in_channels=64, out_channels=64, kernel_size=3),
            "Involution has no in_channels: channels counts them in and out",
        ),
        (
            lambda: Involution1d(out_channels=64, kernel_size=3),
            "Involution1d has no out_channels: it gives as many channels as it takes; put "
            "torch.nn.Conv1d(channels, out_channels, 1) behind it",
        ),
    ],
)
def test_a_convolutions_call_is_refused_with_what_to_write(call, message):
    with pytest.raises(TypeError) as refused:
        call()
    assert message in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("positional", "named"),
    [
        ((16, 7, 2), {}),
        ((16, 15, 3), {}),
        ((4, 4, 2, 4), {"padding": 1}),
        ((16, 4, 3), {"padding": 1}),
        ((16, 4, 3), {"padding": 0}),
        ((16, 7, 1), {"padding": 0}),
        ((16, 7, 1), {"padding": 0, "dilation": 2}),
        ((16, 16, 16), {"padding": 0}),
        ((32, 32, 32), {"padding": 0}),
        ((16, 32, 16), {"padding": 8}),
        ((16, 16), {"padding": 8}),
        ((16, (3, 5), (1, 2)), {"padding": (1, 2)}),
        ((16,), {"kernel_size": 16, "stride": 3, "padding": 1}),
    ],
)
def test_a_sensible_window_by_position_is_taken(positional, named):
    layer = Involution(*positional, **named).eval()
    assert layer(torch.zeros(1, layer.channels, 40, 40)).shape[1] == layer.channels


def test_a_layer_of_ones_own_may_have_such_arguments():
    class Between(Involution):
        def __init__(self, in_channels, out_channels, kernel_size, bias=True):
            super().__init__(in_channels, kernel_size)
            self.behind = torch.nn.Conv2d(in_channels, out_channels, 1, bias=bias)

    assert Between(32, out_channels=8, kernel_size=3).behind.out_channels == 8


def test_an_even_window_alone_is_an_even_window():
    for layer in (Involution, Involution1d, Involution3d):
        with pytest.raises(ValueError, match=r"^kernel_size must be odd unless padding .* got 4$"):
            layer(64, 4)
    with pytest.raises(ValueError, match=r"^kernel_size must be odd .* got \(4, 3, 3\)$"):
        Involution3d(64, (4, 3, 3))
