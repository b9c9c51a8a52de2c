"""The layer under torch.func, torch.fx and what else takes modules apart."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, vmap
from torch.utils.checkpoint import checkpoint

from involution_core import AttentionGenerator, Involution, LinearGenerator, involution2d
from involution_core.backends.table import BACKENDS

# torch's forward mode and torch.fx script a few functions of their own
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script:FutureWarning")

GENERATORS = {"r": None, "W": LinearGenerator, "attention": AttentionGenerator}
RUNNABLE = [
    name
    for name, backend in BACKENDS.items()
    if backend.unavailable(torch.device("cpu"), torch.float32) is None
]


@pytest.fixture(params=GENERATORS)
def layer(request):
    torch.manual_seed(0)
    generator = GENERATORS[request.param]
    return Involution(8, 3, 2, 4, 2, generator=generator, dtype=torch.float64).eval()


@pytest.fixture
def x():
    return torch.randn(3, 8, 5, 4, dtype=torch.float64)


def test_vmap_is_the_layer_on_each(layer, x):
    torch.testing.assert_close(vmap(layer)(x), layer(x))
    spread = torch.stack([x, 2 * x], -1)
    torch.testing.assert_close(vmap(layer, in_dims=-1)(spread)[1], layer(2 * x))


def test_vmap_over_the_parameters(layer, x):
    others = [copy.deepcopy(layer) for _ in range(2)]
    for other in others:
        for parameter in other.parameters():
            nn.init.normal_(parameter, std=0.1)
    parameters, buffers = torch.func.stack_module_state(others)
    got = vmap(lambda p, b: functional_call(layer, (p, b), (x,)))(parameters, buffers)
    torch.testing.assert_close(got, torch.stack([other(x) for other in others]))


def test_gradients_of_each_sample(layer, x):
    parameters = dict(layer.named_parameters())

    def loss(parameters, x):
        return functional_call(layer, parameters, (x,)).square().sum()

    got = vmap(grad(loss), in_dims=(None, 0))(parameters, x)
    for number, sample in enumerate(x):
        expected = torch.autograd.grad(loss(parameters, sample), list(parameters.values()))
        for name, value in zip(parameters, expected, strict=True):
            torch.testing.assert_close(got[name][number], value)


def test_jacobians_forward_and_backward_agree(layer, x):
    torch.testing.assert_close(jacfwd(layer)(x[0]), jacrev(layer)(x[0]))


@pytest.mark.parametrize("backend", RUNNABLE)
def test_forward_mode_equals_reverse_mode(backend, x):
    weight = torch.randn(3, 2 * 9, 3, 2, dtype=torch.float64)

    def function(x, weight):
        return involution2d(x, weight, kernel_size=3, stride=2, backend=backend)

    tangents = (torch.randn_like(x), torch.randn_like(weight))
    expected = torch.autograd.functional.jvp(function, (x, weight), tangents)[1]
    torch.testing.assert_close(jvp(function, (x, weight), tangents)[1], expected)
    few = (x[:1].requires_grad_(), weight[:1].requires_grad_())
    assert torch.autograd.gradcheck(function, few, check_forward_ad=True)
    second = jvp(
        lambda x: torch.func.grad(lambda x: function(x, weight).pow(3).sum())(x), (x,), (x,)
    )
    expected = torch.autograd.functional.hvp(lambda x: function(x, weight).pow(3).sum(), x, x)
    torch.testing.assert_close(second[1], expected[1])


def test_hessian(x):
    layer = Involution(4, 3, 1, 2, 2, generator=LinearGenerator, dtype=torch.float64)
    small = x[:1, :4, :2, :2]

    def loss(x):
        return layer(x).square().sum()

    expected = torch.autograd.functional.hessian(loss, small)
    torch.testing.assert_close(hessian(loss)(small), expected)


def test_symbolic_trace_is_the_layer(layer, x):
    traced = torch.fx.symbolic_trace(layer)
    for each in (x, x[0], torch.randn(1, 8, 7, 7, dtype=torch.float64)):
        torch.testing.assert_close(traced(each), layer(each))
    torch.testing.assert_close(pickle.loads(pickle.dumps(traced))(x), layer(x))


def test_copies_are_the_layer(layer, x):
    for copied in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(copied(x), layer(x))


def test_checkpointing_gives_the_same_gradients(layer, x):
    gradients = []
    for apply in (layer, lambda x: checkpoint(layer, x, use_reentrant=False)):
        layer.zero_grad()
        apply(x).square().sum().backward()
        gradients.append([parameter.grad.clone() for parameter in layer.parameters()])
    torch.testing.assert_close(*gradients)


def test_a_parametrized_span():
    class Doubled(nn.Module):
        def forward(self, weight):
            return 2 * weight

    plain = Involution(8, 3, 1, 4, generator=LinearGenerator)
    twice = copy.deepcopy(plain)
    nn.utils.parametrize.register_parametrization(twice.generator.span, "weight", Doubled())
    with torch.no_grad():
        plain.generator.span.weight.mul_(2)
    x = torch.randn(2, 8, 5, 5)
    assert torch.equal(twice(x), plain(x))


def test_autocast_channels_last_and_unbatched(layer, x):
    layer, x = layer.float(), x.float().contiguous(memory_format=torch.channels_last)
    assert layer(x).is_contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x).dtype == layer(x[0]).dtype == torch.bfloat16


@pytest.mark.parametrize("backend", [None, "shift", "unfold"])
@pytest.mark.parametrize("generator", GENERATORS)
def test_forward_mode_in_forward_mode_keeps_the_mixed_terms(backend, generator, x):
    layer = Involution(4, 3, 1, 2, generator=GENERATORS[generator], backend=backend).double().eval()

    def function(x):
        return layer(x).square().sum()

    small = x[:1, :4, :2, :3]
    torch.testing.assert_close(jacfwd(jacfwd(function))(small), hessian(function)(small))


def test_forward_mode_in_forward_mode_on_the_kernel_is_refused():
    layer = Involution(4, 3, 1, 2, backend="native").double().eval()
    with pytest.raises(ValueError, match="within another one, needs backend=None"):
        jacfwd(jacfwd(lambda x: layer(x).sum()))(torch.randn(1, 4, 2, 2, dtype=torch.float64))
