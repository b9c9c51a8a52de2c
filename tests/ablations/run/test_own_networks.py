import pytest
import torch

from ablations.costs.prover import prove
from ablations.networks.builders import build
from ablations.run.own_networks import check_own_code
from ablations.run.validation import mismatches
from ablations.study.builder import StudyFile, make_study
from ablations.study.run_settings import RunSettings
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant
from involution_core.networks.architectures import ARCHITECTURES

SMALL = ARCHITECTURES["rednet-small"]

NETWORK = """
import sys
import numpy, torch
from torch import nn
from involution_core import Involution

class Net(nn.Module):
    def __init__(self, architecture, classes):
        super().__init__()
        # As networks with stochastic depth do; the meta device has no numbers.
        self.rates = [rate.item() for rate in torch.linspace(0, 1, 3)]
        self.stem = nn.Conv2d(3, architecture.width, 3, 2, 1)
        self.spatial = Involution(architecture.width)
        self.classifier = nn.Linear(architecture.width, classes)

    def forward(self, x):
        return self.classifier(self.spatial(self.stem(x)).mean((2, 3)))
"""

GENERATOR = """
from involution_core.generators.paper_generators import LinearGenerator

class Generator(LinearGenerator):
    pass
"""


def overriding(base, body):
    return f"\nclass Bad({base}):\n    def forward(self, x):\n        {body}\n"


def test_a_users_network_is_built_counted_and_proven_by_two_counters(write_module):
    write_module("mine_net", NETWORK)
    variant = Variant(family="mine_net:Net", width=8)
    check_own_code(variant, SMALL)
    assert build(SMALL, variant, 7)(torch.zeros(2, 3, 32, 32)).shape == (2, 7)
    row = prove(SMALL, variant, study="s", name="v")
    assert row.verified and row.layers == ()
    stem, span = 16 * 16 * 27 * 32, 16 * 16 * (32 * 8 + 8 * 49 * 2)
    assert row.operations["conv"] == stem + span
    assert row.operations["involution"] == 16 * 16 * 49 * 32


def test_a_users_generator_is_built_and_its_aggregation_proven(write_module):
    write_module("mine_gen", GENERATOR)
    variant = Variant(generator="mine_gen:Generator")
    check_own_code(variant, SMALL)
    row = prove(SMALL, variant, study="s", name="v")
    own = prove(SMALL, Variant(generator="W"), study="s", name="v")
    assert row.verified
    assert (row.params, row.operations) == (own.params, own.operations)
    assert row.closed_form_macs["aggregation"] == own.closed_form_macs["aggregation"]
    assert row.closed_form_macs["span"] == 0, "nobody knows its closed form"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "return self.stem(x)",
            r"returns \(2, 32, 16, 16\) for two images, expected \(2, 10\)",
        ),
        ("return (super().forward(x),)", r"returns tuple for two images, expected \(2, 10\)"),
        ("return None", "returns NoneType for two images"),
        ("raise RuntimeError('a\\nb')", "cannot be run in rednet-small: RuntimeError: a"),
        ("sys.exit(0)", "cannot be run in rednet-small: SystemExit: 0"),
        (
            "assert self.training; return super().forward(x)",
            "cannot be run in rednet-small: AssertionError",
        ),
        (
            "return super().forward(x).renorm(2, 0, 1.0)",
            "cannot be counted in rednet-small: .* no count for operator aten::renorm",
        ),
        (
            "return torch.from_numpy(numpy.zeros((len(x), 10)))",
            "cannot be counted in rednet-small: ",
        ),
    ],
)
def test_a_network_that_cannot_be_used(write_module, body, message):
    write_module("mine_bad_net", NETWORK + overriding("Net", body))
    with pytest.raises(ValueError, match=message) as raised:
        check_own_code(Variant(family="mine_bad_net:Bad"), SMALL)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def Bad(architecture): pass", "cannot be run in .*: TypeError: .* keyword argument 'cla"),
        (
            "def Bad(architecture, classes): return len",
            "it returns a builtin_function_or_method, n",
        ),
    ],
)
def test_a_factory_that_makes_no_network(write_module, text, message):
    write_module("mine_factory", text)
    with pytest.raises(ValueError, match=message):
        check_own_code(Variant(family="mine_factory:Bad"), SMALL)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "return super().forward(x)[:, :, 1:]",
            "cannot be run in .*: ValueError: weight must have",
        ),
        ("return super().forward(x).mean()", "cannot be run in .*: ValueError: weight must have"),
        ("assert self.stride == 1; return super().forward(x)", "cannot be run in .*: AssertionErr"),
        ("return super().forward(x).renorm(2, 0, 1.0)", "no count for operator aten::renorm"),
    ],
)
def test_a_generator_that_cannot_be_used(write_module, body, message):
    write_module("mine_bad_gen", GENERATOR + overriding("Generator", body))
    with pytest.raises(ValueError, match=message):
        check_own_code(Variant(generator="mine_bad_gen:Bad"), SMALL)


def test_own_code_is_tried_in_every_network_and_each_problem_told_once(write_module):
    body = "assert x.shape[-1] == 32; return super().forward(x)"
    write_module("mine_sized", NETWORK + overriding("Net", body))
    study = make_study(
        StudyFile("s", "s", {"family": ("mine_sized:Bad", "mine_sized:Net"), "lr": (0.1, 0.2)})
    )
    assert mismatches(study, RunSettings("out", "rednet-small", 1, TrainSettings())) == []
    (mismatch,) = mismatches(study, RunSettings("out", "rednet26", 1, TrainSettings()))
    assert (mismatch.axis, mismatch.level) == ("family", "mine_sized:Bad")
    assert mismatch.problem == "cannot be run in rednet26: AssertionError"


LAZY = """
from torch import nn

def net(architecture, classes):
    layers = nn.LazyConv2d(4, 3, 2), nn.SiLU(True), nn.Flatten(), nn.LazyLinear(classes)
    return nn.Sequential(*layers)
"""


def test_lazy_layers_of_a_users_network_have_parameters_from_the_start(write_module):
    write_module("mine_lazy", LAZY)
    variant = Variant(family="mine_lazy:net")
    check_own_code(variant, SMALL)
    network = build(SMALL, variant, 10)
    assert network.training
    assert [parameter.numel() for parameter in network.parameters()] == [108, 4, 9000, 10]
    row = prove(SMALL, variant, study="s", name="v")
    assert row.verified and row.operations["elementwise"] == 4 * 15 * 15


def test_a_generator_that_is_no_kernel_generator():
    told = "cannot be run in rednet-small: TypeError: generator must make a KernelGenerator, and"
    with pytest.raises(ValueError, match=told):
        check_own_code(Variant(generator="torch.nn:Conv2d"), SMALL)
