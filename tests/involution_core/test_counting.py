import subprocess
import sys
import warnings

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from ablations.costs.counters import macs_by_counter
from involution_core import AttentionGenerator, Involution, add_flop_handles, register_macs

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fvcore.nn import FlopCountAnalysis

X = torch.zeros(1, 64, 56, 56)


def test_a_users_analysis_learns_the_operators(caplog):
    layer = Involution(64).eval()
    assert add_flop_handles(FlopCountAnalysis(layer, X)).total() == 22_980_608
    assert not caplog.records, "nothing is left to warn of"
    assert FlopCountAnalysis(layer, X).total() == 22_980_608 - 56 * 56 * 64 * 49
    attention = Involution(64, generator=AttentionGenerator).eval()
    by_operator = add_flop_handles(FlopCountAnalysis(attention, X)).by_operator()
    assert by_operator["involution2d_grad_weight"] == by_operator["involution2d"] == 9_834_496


def test_torchs_counter_knows_them_after_the_import():
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        Involution(64).eval()(X)
    assert counter.get_total_flops() == 2 * (22_980_608 - 2 * 56 * 56 * 16)


@pytest.mark.parametrize("module", ["involution_core", "involution_core.counting"])
def test_it_imports_no_fvcore(module):
    code = f"import sys, {module}; sys.exit('fvcore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@torch.library.custom_op("counting_test::mix", mutates_args=())
def mix(x: Tensor, weight: Tensor, times: int = 1, *, scale: float = 1.0) -> Tensor:
    return scale * times * torch.einsum("nchw,dc->ndhw", x, weight)


class Mixing(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(5, 3))

    def forward(self, x):
        return mix(x, self.weight, times=2, scale=0.5)


def test_an_operator_of_ones_own_is_counted_by_both_counters():
    network, x = Mixing(), torch.zeros(2, 3, 4, 4)

    @register_macs("counting_test::mix")
    def macs(x, weight, times, *, scale=1.0, out_shape):
        assert out_shape == (2, 5, 4, 4)
        return 2 * 16 * x[1] * weight[0] * times

    right = 2 * 16 * 3 * 5 * 2
    assert macs_by_counter(network, x) == {"fvcore": right, "FlopCounterMode": right}
    assert add_flop_handles(FlopCountAnalysis(network, x)).total() == right
    with FlopCounterMode(display=False) as counter:
        network(x)
    assert counter.get_total_flops() == 2 * right
    register_macs("counting_test::mix")(lambda *_, **__: 0)
    assert set(macs_by_counter(network, x).values()) == {0}, "the later formula holds"


@pytest.mark.parametrize("name", ["mix", "counting_test::nothing", "aten::mm", "nowhere::mix", ""])
def test_what_is_no_operator_of_ones_own_gets_no_count(name):
    with pytest.raises(ValueError, match=f"'{name}' is no custom operator"):
        register_macs(name)


@torch.library.custom_op("counting_test::scaled", mutates_args=())
def scaled(x: torch.Tensor, times: int = 3, *, more: bool = False) -> torch.Tensor:
    return x * times


@torch.library.custom_op("counting_test::grow", mutates_args={"x"})
def grow(x: torch.Tensor) -> None:
    x.add_(1)


@torch.library.custom_op("counting_test::whole", mutates_args=())
def whole(x: torch.Tensor) -> torch.Tensor:
    return x.sum().long()


scaled.register_fake(lambda x, times=3, *, more=False: torch.empty_like(x))
whole.register_fake(lambda x: x.new_empty((), dtype=torch.int64))
register_macs("counting_test::scaled")(lambda x, times, *, more, out_shape: x[0] * times + more)
register_macs("counting_test::grow")(lambda x, *, out_shape: 7)
register_macs("counting_test::whole")(lambda x, *, out_shape: 5)


class Calls(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


OPS = torch.ops.counting_test


@pytest.mark.parametrize(
    ("function", "macs"),
    [
        (OPS.scaled, 12),
        (lambda x: OPS.scaled(x, 3, more=False), 12),
        (lambda x: OPS.scaled(x, times=2, more=True), 9),
        (lambda x: (y := x.clone(), OPS.grow(y))[0], 7),
        (OPS.whole, 5),
        (lambda x: torch.dot(x.long(), x.long()), 4),
        (lambda x: x.reshape(x.shape[0] // 2 * 1, -1), 0),
    ],
)
def test_defaults_and_operators_with_odd_results_are_counted_by_both(function, macs):
    found = macs_by_counter(Calls(function), torch.ones(4))
    assert found == {"fvcore": macs, "FlopCounterMode": macs}


def test_the_operator_itself_is_taken_for_its_name():
    packet = torch.ops.counting_test.mix
    for macs, operator in enumerate([mix, packet, packet.default]):
        register_macs(operator)(lambda *_, macs=macs, **__: macs)
        counts = macs_by_counter(Mixing(), torch.zeros(2, 3, 4, 4))
        assert set(counts.values()) == {macs}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("counting_test::later", "there is none of this name yet; import what defines it before"),
        ("aten::mm", "but torch's own"),
        (torch.ops.aten.mm.default, "but torch's own"),
        (len, "such as 'namespace::name'"),
    ],
)
def test_why_an_operator_gets_no_count(name, told):
    with pytest.raises(ValueError, match=told):
        register_macs(name)


@pytest.mark.parametrize(
    ("formula", "told"),
    [
        (lambda *_, **__: None, "must return an integer, the MACs, and gave None"),
        (lambda *_, **__: 0.5, "must return an integer, the MACs, and gave 0.5"),
        (lambda x, weight, times, *, scale: 1, "cannot be called: .*'out_shape'"),
        (lambda x, *, out_shape: 1, "cannot be called: .*argument"),
    ],
)
def test_a_wrong_formula_is_named_by_its_operator(formula, told):
    register_macs(mix)(formula)
    with pytest.raises(TypeError, match=f"the formula of counting_test::mix {told}"):
        macs_by_counter(Mixing(), torch.zeros(2, 3, 4, 4))
