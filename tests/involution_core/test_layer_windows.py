"""Windows of any shape, padding and dilation in the layer, and what the kernel is made from."""

import pytest
import torch
from oracle import involution2d_loops
from torch import nn

from involution_core import (
    AttentionGenerator,
    Involution,
    Involution1d,
    Involution3d,
    LinearGenerator,
)

GENERATORS = {"r": None, "W": LinearGenerator, "attention": AttentionGenerator}


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("kernel", [1, 3, 4, (3, 5), (2, 1)])
def test_the_output_has_a_convolutions_size(kernel, generator):
    x = torch.randn(2, 8, 9, 10)
    for padding in (0, 1, (2, 0), 4):
        for stride in (1, 3, (1, 2)):
            for dilation in (1, 2):
                layer = Involution(
                    8, kernel, stride, 4, 2,
                    padding=padding, dilation=dilation, generator=GENERATORS[generator],
                )  # fmt: skip
                y = layer(x)
                same = nn.Conv2d(8, 1, kernel, stride, padding, dilation)(x)
                assert y.shape[2:] == same.shape[2:] and y.isfinite().all()


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "padding"),
    [
        ((3, 5), 1, 1, None),
        (3, 2, 2, None),
        (4, 2, 1, (1, 2)),
        (3, 1, 1, 0),
        ((1, 3), 3, 1, 3),
    ],
)
def test_equals_the_nested_loops(kernel, stride, dilation, padding):
    layer = Involution(
        8, kernel, stride, 4, 2, dilation=dilation, padding=padding, generator=LinearGenerator,
        dtype=torch.float64,
    )  # fmt: skip
    window = (layer.window.kernel_size, stride, layer.window.padding, dilation)
    x = torch.randn(2, 8, 7, 6, dtype=torch.float64)
    expected = involution2d_loops(x, layer.generator(x).flatten(1, 3), *window)
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("kernel", [3, 4, (5, 3)])
def test_padding_moves_the_window_with_the_pixel_that_makes_its_kernel(kernel):
    """Another padding is the same map cropped, or continued by pixels of zeros."""
    layers = [
        Involution(8, kernel, 1, 4, padding=p, generator=LinearGenerator).eval() for p in (0, 2)
    ]
    layers[1].load_state_dict(layers[0].state_dict())
    x = torch.randn(1, 8, 9, 8)
    torch.testing.assert_close(layers[1](x)[..., 2:-2, 2:-2], layers[0](x))


def test_a_strided_cell_starts_at_the_windows_centre():
    pool = Involution(8, 3, 2, 4, padding=0).generator.pool
    x = torch.arange(48.0).view(1, 1, 6, 8)
    assert torch.equal(pool(x), nn.functional.avg_pool2d(x[..., 1:-1, 1:-1], 2))


@pytest.mark.parametrize("generator", GENERATORS.values())
def test_an_unbatched_map_is_a_batch_of_one(generator):
    layer = Involution(16, (3, 5), 2, 8, dilation=2, generator=generator).eval()
    x = torch.randn(16, 8, 9)
    assert torch.equal(layer(x), layer(x[None])[0])


def test_one_dimension_is_a_map_of_height_one():
    layer = Involution1d(16, 5, 2, 8, dilation=2).eval()
    plain = Involution(16, (1, 5), (1, 2), 8, dilation=(1, 2)).eval()
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(3, 16, 20)
    assert layer(x).shape == (3, 16, 10)
    assert torch.equal(layer(x), plain(x.unsqueeze(2)).squeeze(2))
    assert torch.equal(layer(x)[0], layer(x[0]))
    with pytest.raises(
        ValueError, match=r"kernel_size must be one integer of at least 1, got \(3, 3\)"
    ):
        Involution1d(16, (3, 3))


def test_own_generators_get_integers_for_square_windows():
    seen = []

    def generator(channels, kernel_size, groups, stride):
        seen.append((kernel_size, stride))
        return LinearGenerator(channels, kernel_size, groups, stride)

    Involution(16, (3, 3), (2, 2), generator=generator)
    Involution(16, (3, 5), (1, 2), generator=generator)
    assert seen == [(3, 2), ((3, 5), (1, 2))]


def test_a_generator_inside_another_follows_the_window():
    class Twice(LinearGenerator):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.inner = LinearGenerator(*arguments)

        def forward(self, x):
            return super().forward(x) + self.inner(x)

    assert Involution(16, 3, padding=0, generator=Twice)(torch.randn(1, 16, 6, 6)).shape[2:] == (
        4,
        4,
    )


def test_device_and_type_are_those_asked_for():
    layer = Involution(16, 3, 2, device="meta", dtype=torch.float64)
    assert {(p.device.type, p.dtype) for p in layer.parameters()} == {("meta", torch.float64)}
    assert layer(torch.empty(2, 16, 5, 5, device="meta", dtype=torch.float64)).shape[2:] == (3, 3)
    layer.to_empty(device="cpu")
    assert layer(torch.zeros(2, 16, 5, 5, dtype=torch.float64)).device.type == "cpu"


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"out_channels": 64}, "put torch.nn.Conv2d(channels, out_channels, 1) behind it"),
        ({"in_channels": 32}, "channels counts them in and out"),
        ({"groups": 2}, "write group_channels"),
        ({"bias": False}, "nothing is added to its output"),
        ({"padding_mode": "reflect"}, "pad with torch.nn.functional.pad before it"),
        ({"kernel": 3}, "got an unexpected keyword argument 'kernel'"),
    ],
)
def test_arguments_of_a_convolution_are_refused_with_what_to_write(argument, message):
    with pytest.raises(TypeError) as refused:
        Involution(32, **argument)
    assert message in str(refused.value) and "\n" not in str(refused.value)


def test_named_padding_is_refused():
    with pytest.raises(ValueError, match="None keeps the size of the map as"):
        Involution(32, 3, padding="same")


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 16, 5, 5), r"x must have shape \(N, 32, H, W\) or \(32, H, W\), got \(2, 16, 5, 5\)"),
        ((32, 5), r"x must have shape \(N, 32, H, W\)"),
        ((1, 32, 2, 9), "x of 2x9 is too small"),
    ],
)
def test_an_unfit_map_is_named(shape, message):
    with pytest.raises(ValueError, match=message):
        Involution(32, 3, padding=0)(torch.randn(shape))


@pytest.mark.parametrize("layer", [Involution, Involution1d, Involution3d])
def test_named_padding_of_every_layer_says_what_to_write(layer):
    with pytest.raises(ValueError, match="left out, None keeps the size of the map as 'same' does"):
        layer(32, 3, padding="same")


@pytest.mark.parametrize("shape", [(1, 32, 8), (8,), (1, 64, 8, 8), (1, 8, 64)])
def test_a_sequence_is_named_by_its_own_sides(shape):
    with pytest.raises(ValueError, match=r"^x must have shape \(N, 64, L\) or \(64, L\), got "):
        Involution1d(64, 3)(torch.zeros(shape))


def test_too_short_a_sequence_is_named_by_its_length():
    told = "^x of length 2 is too small for kernel_size 5, padding 1, dilation 1$"
    with pytest.raises(ValueError, match=told):
        Involution1d(64, 5, padding=1)(torch.zeros(1, 64, 2))


@pytest.mark.parametrize("dtype", [torch.complex64, torch.int64, "float32"])
def test_a_type_that_is_no_floating_point_is_refused(dtype):
    with pytest.raises(ValueError, match="dtype must be a floating point type of torch, got"):
        Involution(32, 3, dtype=dtype)


@pytest.mark.parametrize("generator", [None, AttentionGenerator])
def test_an_unknown_backend_is_refused_where_the_layer_is_made(generator):
    with pytest.raises(ValueError, match=r"backend must be one of triton, .*, got 'cuda'"):
        Involution(32, 3, generator=generator, backend="cuda")
