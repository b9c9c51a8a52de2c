import copy
import itertools

import pytest
import torch
from torch import nn

from involution_core import build_network
from involution_core.backends.native import native_norm
from involution_core.backends.native.library import Library
from involution_core.backends.native.native_backend import KERNEL
from involution_core.batch_norm import NormalisedSequential, normalised
from involution_core.networks import StridedPointwise

native = pytest.mark.skipif(not isinstance(KERNEL, Library), reason=f"no kernel: {KERNEL}")


@pytest.fixture(params=["avx512", "avx2", "baseline"])
def instruction_set(request):
    if request.param not in KERNEL.instruction_sets:
        pytest.skip(f"this processor does not have {request.param}")
    before = KERNEL.instruction_set
    KERNEL.use_instruction_set(request.param)
    yield
    KERNEL.use_instruction_set(before)


@pytest.fixture
def passes(monkeypatch):
    """The maps that went through the kernel."""
    seen, forward = [], native_norm.forward
    monkeypatch.setattr(native_norm, "forward", lambda x, *a: (seen.append(x), forward(x, *a))[1])
    return seen


def drawn_norm(channels, dtype=torch.float64):
    norm = nn.BatchNorm2d(channels, dtype=dtype)
    for values in (norm.weight, norm.bias, norm.running_mean):
        nn.init.normal_(values.data, 1, 0.5)
    return norm


def drawn_map(*shape, dtype=torch.float64, mean=0.0):
    x = (torch.randn(shape, dtype=dtype) + mean).contiguous(memory_format=torch.channels_last)
    return x.requires_grad_()


def in_steps(norm, x, relu, added):
    y = norm(x)
    y = y if added is None else y + added
    return y if relu is None else relu(y)


def gradients(function, norm, x, relu, added, grad):
    operands = [x, *norm.parameters(), *([] if added is None else [added])]
    y = function(norm, x, relu, added)
    return y, torch.autograd.grad(y, operands, grad)


@native
@pytest.mark.parametrize("channels", [1, 5, 8, 24, 67])
def test_one_pass_equals_the_modules_on_every_instruction_set(instruction_set, passes, channels):
    for relu, with_added, size in itertools.product([None, nn.ReLU()], [0, 1], [(1, 2), (9, 31)]):
        x, added = drawn_map(2, channels, *size), drawn_map(2, channels, *size)
        grad, norm = torch.randn_like(x), drawn_norm(channels)
        reference = copy.deepcopy(norm)
        added = added if with_added else None
        mine = gradients(normalised, norm, x, relu, added, grad)
        theirs = gradients(in_steps, reference, x, relu, added, grad)
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(dict(norm.named_buffers()), dict(reference.named_buffers()))
    assert len(passes) == 8


@native
def test_a_mean_far_from_zero_costs_no_precision(passes):
    x = drawn_map(4, 16, 20, 20, dtype=torch.float32, mean=1000.0)
    norm = drawn_norm(16, torch.float32)
    exact = in_steps(copy.deepcopy(norm).double(), x.double(), None, None)
    torch.testing.assert_close(normalised(norm, x).double(), exact, rtol=0, atol=1e-3)
    assert passes


@native
def test_can_be_differentiated_twice():
    x, added, norm, relu = drawn_map(2, 3, 4, 4), drawn_map(2, 3, 4, 4), drawn_norm(3), nn.ReLU()

    def run(x, added):
        return normalised(norm, x, relu, added)

    assert torch.autograd.gradgradcheck(run, (x, added))
    assert torch.autograd.gradgradcheck(lambda x: run(x, added.detach()), (x,))


@native
def test_results_do_not_depend_on_threads():
    x, norm = drawn_map(4, 32, 33, 33, dtype=torch.float32), drawn_norm(32, torch.float32)
    before, found = torch.get_num_threads(), []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        found.append(gradients(normalised, norm, x, nn.ReLU(), None, torch.ones_like(x)))
    torch.set_num_threads(before)
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=0)


def watched(norm, relu):
    norm.register_forward_hook(lambda *seen: None)


def evaluated(norm, relu):
    norm.eval()


def half(norm, relu):
    norm.to(torch.bfloat16)


@pytest.mark.parametrize("change", [watched, evaluated, half])
def test_the_modules_are_called_where_one_pass_does_less_or_cannot(passes, change):
    norm, relu = drawn_norm(4, torch.float32), nn.ReLU()
    change(norm, relu)
    x = drawn_map(2, 4, 5, 5, dtype=norm.weight.dtype)
    reference = copy.deepcopy(norm)
    torch.testing.assert_close(normalised(norm, x, relu), relu(reference(x)))
    assert not passes


def test_tracers_and_transforms_see_the_modules(passes):
    layers = NormalisedSequential(nn.BatchNorm2d(4, track_running_stats=False), nn.ReLU())
    x = drawn_map(2, 4, 5, 5, dtype=torch.float32)
    traced = torch.fx.symbolic_trace(layers)
    assert [node.target for node in traced.graph.nodes if node.op == "call_module"] == ["0", "1"]
    torch.func.vmap(layers)(x.detach().unsqueeze(0).expand(3, -1, -1, -1, -1))
    assert not passes
    layers(x)
    assert bool(passes) == isinstance(KERNEL, Library)


def test_refuses_one_value_a_channel():
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        normalised(nn.BatchNorm2d(4), torch.randn(1, 4, 1, 1))


@native
def test_a_training_network_takes_one_pass_for_every_norm(passes):
    network = build_network("rednet-small").to(memory_format=torch.channels_last)
    norms = sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    network(torch.randn(2, 3, 32, 32).to(memory_format=torch.channels_last))
    assert len(passes) == norms


@pytest.mark.parametrize("size", [(6, 7), (9, 8)])
def test_a_strided_pointwise_convolution_is_torchs(size):
    ours, x = StridedPointwise(3, 5, 2).double(), drawn_map(2, 3, *size)
    theirs = nn.Conv2d(3, 5, 1, 2, bias=False).double()
    theirs.load_state_dict(ours.state_dict())
    y, reference = ours(x), theirs(x)
    torch.testing.assert_close(y, reference)
    (mine,), (expected,) = (torch.autograd.grad(out.square().sum(), x) for out in (y, reference))
    torch.testing.assert_close(mine, expected)
