import pytest
import torch
from slides import SlidesInvolution

from involution_core import Involution, KernelGenerator, LinearGenerator
from involution_core.backends.table import BACKENDS

RUNNABLE = [
    name
    for name, backend in BACKENDS.items()
    if backend.unavailable(torch.device("cpu"), torch.float32) is None
]


@pytest.mark.parametrize("backend", RUNNABLE)
@pytest.mark.parametrize(("kernel_size", "stride"), [(7, 1), (7, 2), (3, 3)])
def test_original_state_dict_loads_and_gives_the_same(kernel_size, stride, backend):
    torch.manual_seed(0)
    original = SlidesInvolution(32, kernel_size, stride).double()
    ours = Involution(32, kernel_size, stride, backend=backend).double()
    ours.load_state_dict(original.state_dict(), strict=True)
    x = torch.randn(2, 32, 12, 6, dtype=torch.float64)
    theirs_in, ours_in = x.clone().requires_grad_(), x.clone().requires_grad_()
    expected, got = original(theirs_in), ours(ours_in)
    torch.testing.assert_close(got, expected, rtol=1e-10, atol=1e-10)
    expected.square().sum().backward()
    got.square().sum().backward()
    torch.testing.assert_close(ours_in.grad, theirs_in.grad, rtol=1e-8, atol=1e-8)
    for theirs, mine in zip(original.parameters(), ours.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-8, atol=1e-8)


def test_original_state_dict_loads_inside_a_network():
    holder = torch.nn.Sequential(torch.nn.ReLU(), Involution(16))
    state = {f"1.{key}": value for key, value in SlidesInvolution(16).state_dict().items()}
    holder.load_state_dict(state, strict=True)
    holder.load_state_dict(holder.state_dict(), strict=True)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [(7, 10), (9, 9), (1, 1), (8, 5)])
def test_odd_and_oblong_maps(stride, size):
    layer = Involution(16, 3, stride).eval()
    height, width = (-(-side // stride) for side in size)
    assert layer(torch.randn(2, 16, *size)).shape == (2, 16, height, width)


@pytest.mark.parametrize("training", [True, False])
def test_empty_batch_leaves_the_statistics_whole(training):
    layer = Involution(16, 3, 2).train(training)
    assert layer(torch.randn(0, 16, 5, 7)).shape == (0, 16, 3, 4)
    assert all(tensor.isfinite().all() for tensor in layer.state_dict().values())


def test_c_means_one_group():
    assert Involution(32, group_channels="C").groups == 1
    assert Involution(32, group_channels=32).groups == 1


def test_a_generator_of_ones_gives_the_window_sum():
    class Ones(KernelGenerator):
        def forward(self, x):
            return torch.ones(len(x), self.groups, 3, 3, *x.shape[2:])

    def ones(channels, kernel_size, groups, stride):
        return Ones(channels, kernel_size, groups, stride)

    x = torch.randn(1, 4, 5, 5)
    expected = 9 * torch.nn.functional.avg_pool2d(x, 3, 1, 1)
    got = Involution(4, 3, group_channels=2, generator=ones)(x)
    torch.testing.assert_close(got, expected)


def test_linear_generator_has_one_map():
    layer = Involution(32, 5, generator=LinearGenerator)
    assert {key for key, _ in layer.named_parameters()} == {
        "generator.span.weight",
        "generator.span.bias",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kernel_size": 4}, "kernel_size must be odd"),
        ({"kernel_size": -3}, "kernel_size must be"),
        ({"stride": 0}, "stride must be"),
        ({"group_channels": 5}, "group_channels must be 'C' or divide channels=32, got 5"),
        ({"group_channels": 0}, "group_channels must be 'C' or divide channels=32, got 0"),
        ({"group_channels": "all"}, "group_channels must be 'C' or divide"),
        ({"reduction_ratio": 3}, "reduction_ratio must divide channels=32, got 3"),
        ({"reduction_ratio": 0}, "reduction_ratio must divide channels=32, got 0"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        Involution(32, **arguments)


@pytest.mark.parametrize("channels", [0, -16, 6.5, "64"])
def test_channels_are_a_positive_integer(channels):
    with pytest.raises(ValueError, match="channels must be an integer of at least 1, got"):
        Involution(channels, 3)


class WithItsOwnReduce(Involution):
    """A layer with a child of the name that the authors' module has."""

    def __init__(self, reduce):
        super().__init__(16, 3)
        self.reduce = reduce


@pytest.mark.parametrize(
    "reduce", [torch.nn.Conv2d(16, 4, 1), torch.nn.Sequential(torch.nn.Conv2d(16, 4, 1))]
)
def test_a_subclass_keeps_its_own_names(reduce):
    layer = WithItsOwnReduce(reduce)
    state = {key: torch.full_like(value, 2) for key, value in layer.state_dict().items()}
    layer.load_state_dict(state)
    assert (layer.reduce.state_dict().popitem()[1] == 2).all()
    layer.load_state_dict({k: v for k, v in state.items() if k.startswith("reduce.")}, strict=False)


def test_names_that_no_generator_has_are_told_as_they_are():
    state = SlidesInvolution(16, 3).state_dict()
    with pytest.raises(RuntimeError, match=r'Unexpected key\(s\).*: "reduce.0.weight"'):
        Involution(16, 3, generator=LinearGenerator).load_state_dict(state)
