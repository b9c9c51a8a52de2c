"""The operators by their names, which refuse sizes that do not fit; and which calls are such."""

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx
from torch.profiler import ProfilerActivity, profile

from involution_core import Involution, Involution3d, involution2d
from involution_core.backends.table import BACKENDS
from involution_core.operator.operators import grad_input_op, grad_weight_op, involution2d_op

CPU = torch.device("cpu")
RUNNABLE = [name for name in BACKENDS if BACKENDS[name].unavailable(CPU, torch.float32) is None]
UNFIT = r"a traced graph accepts only the sizes|do not divide"
ONES = [1, 1], [1, 1], [1, 1]


def kernels(n=2, groups=2, rows=6, columns=5):
    return torch.ones(n, groups, 3, 3, rows, columns)


def maps(n=2, channels=4, rows=6, columns=5):
    return torch.ones(n, channels, rows, columns)


@pytest.mark.parametrize("backend", RUNNABLE)
@pytest.mark.parametrize(
    ("x", "weight"),
    [
        (maps(), kernels(n=1)),
        (maps(n=3), kernels()),
        (maps(), kernels(rows=1, columns=1)),
        (maps(rows=30, columns=1), kernels()),
        (maps(), kernels(groups=3)),
    ],
)
def test_what_does_not_fit_is_refused_by_all_three(backend, x, weight):
    with pytest.raises(ValueError, match=UNFIT):
        involution2d_op(x, weight, *ONES, backend)
    grad = maps(weight.shape[0], 4, *weight.shape[4:])
    with pytest.raises(ValueError, match=UNFIT):
        grad_input_op(x, weight, list(x.shape[2:]), *ONES, backend)
    with pytest.raises(ValueError, match=UNFIT):
        grad_weight_op(grad, x, weight.shape[1], [3, 3], *ONES, backend)


@pytest.mark.parametrize("backend", RUNNABLE)
def test_gradients_of_other_channels_are_refused(backend):
    with pytest.raises(ValueError, match="gradients of 2 channels for 4 channels"):
        grad_weight_op(maps(channels=2), maps(), 2, [3, 3], *ONES, backend)


@pytest.mark.filterwarnings("ignore")  # that sizes become constants, and that jit is deprecated
def test_a_trace_of_volumes_at_one_rank_refuses_the_other():
    traced = torch.jit.trace(
        Involution3d(8, 3, group_channels=4).eval(), torch.randn(2, 8, 4, 5, 6)
    )
    with pytest.raises(RuntimeError):
        traced(torch.randn(8, 4, 5, 6))


def names_of(x, weight):
    with profile(activities=[ProfilerActivity.CPU]) as recorded:
        involution2d(x, weight, kernel_size=3).sum().backward()
    return {event.name for event in recorded.events() if "involution2d" in event.name}


def test_only_what_may_be_recorded_goes_through_torchs_operators():
    """A profiler alone changes no call; it shows the operator's name without the namespace."""
    weight = kernels().requires_grad_()
    computed = names_of(maps().requires_grad_(), weight)
    assert {"involution2d", "involution2d_grad_input", "involution2d_grad_weight"} <= computed
    assert not any(name.startswith("involution_core::") for name in computed)
    assert "involution_core::involution2d" in names_of(torch.nn.Parameter(maps()), weight)


def test_graphs_before_dispatch_hold_the_operator():
    x, weight = torch.randn(2, 4, 6, 5), torch.randn(2, 18, 6, 5)

    def call(x, weight):
        return involution2d(x, weight, kernel_size=3)

    graph = make_fx(call, pre_dispatch=True)(x, weight)
    assert torch.ops.involution_core.involution2d.default in [n.target for n in graph.graph.nodes]
    other = torch.randn_like(x)
    assert torch.equal(graph(other, weight), call(other, weight))
    layer = Involution(32, 7).eval()
    x = torch.randn(4, 32, 30, 30)  # many kernels: alone, the layer makes them band by band
    torch.testing.assert_close(make_fx(layer, pre_dispatch=True)(x)(x), layer(x))


@pytest.mark.parametrize("which", [0, 1])
def test_tensors_without_memory_are_computed_by_torch(which):
    """Zeros that are not stored."""
    given = [torch.randn(2, 16, 1, 1), torch.randn(2, 9, 1, 1)]
    given[which] = torch._efficientzerotensor(given[which].shape)
    assert involution2d(*given, kernel_size=3).count_nonzero() == 0


def test_tensors_around_tensors_are_computed_by_torch():
    x, weight = torch.randn(2, 4, 6, 5), torch.randn(2, 18, 6, 5)
    wrapped = [torch._to_functional_tensor(tensor) for tensor in (x, weight)]
    found = torch._from_functional_tensor(involution2d(*wrapped, kernel_size=3))
    torch.testing.assert_close(found, involution2d(x, weight, kernel_size=3))
