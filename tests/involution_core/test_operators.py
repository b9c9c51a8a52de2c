"""The operators by their names: sizes that do not fit are refused before anything is read."""

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from involution_core import Involution3d, involution2d
from involution_core.backends.table import BACKENDS
from involution_core.operators import grad_input_op, grad_weight_op, involution2d_op

CPU = torch.device("cpu")
RUNNABLE = [name for name in BACKENDS if BACKENDS[name].unavailable(CPU, torch.float32) is None]
UNFIT = r"a trace holds for its own sizes|do not divide"
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
    """A profiler alone takes nothing from a call; there the name is the operator's all the same."""
    weight = kernels().requires_grad_()
    computed = names_of(maps().requires_grad_(), weight)
    assert {"involution2d", "involution2d_grad_input", "involution2d_grad_weight"} <= computed
    assert not any(name.startswith("involution_core::") for name in computed)
    assert "involution_core::involution2d" in names_of(torch.nn.Parameter(maps()), weight)
