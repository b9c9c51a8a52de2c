"""Graphs of the layer: exported, compiled, run by other programs."""

import copy
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.export import Dim

from involution_core import (
    AttentionGenerator,
    Involution,
    Involution3d,
    LinearGenerator,
    build_network,
)

WITNESSES = Path(__file__).parent.parent / "witnesses"
GENERATORS = {"r": None, "W": LinearGenerator, "attention": AttentionGenerator}


def open_sizes(least):
    return {
        0: Dim("batch", min=1, max=64),
        2: Dim("height", min=least, max=512),
        3: Dim("width", min=least, max=512),
    }


SIZES = open_sizes(4)


def exported(layer, x, sizes=SIZES):
    return torch.export.export(layer.eval(), (x,), dynamic_shapes=(sizes,))


def operators(program):
    return {n.target.namespace for n in program.graph.nodes if hasattr(n.target, "namespace")}


def test_an_export_has_torchs_operators_alone_and_any_size():
    layer = Involution(8, (2, 3), 2, 4, 2, padding=1).eval()
    program = exported(layer, torch.randn(2, 8, 8, 9))
    assert operators(program) == {"aten"}
    y = torch.randn(3, 8, 13, 6)
    torch.testing.assert_close(program.module()(y), layer(y))


def test_an_export_keeps_a_backend_that_is_named():
    layer = Involution(8, 3, 1, 4, 2, backend="native", generator=LinearGenerator)
    assert "involution_core" in operators(exported(layer, torch.randn(2, 8, 8, 9), {}))


@pytest.mark.filterwarnings("ignore")  # that sizes become constants, and that jit is deprecated
def test_a_trace_is_the_layer():
    layer = Involution(8, 3, 2, 4, 2).eval()
    traced = torch.jit.trace(layer, torch.randn(2, 8, 8, 9))
    x = torch.randn(1, 8, 5, 6)
    torch.testing.assert_close(traced(x), layer(x))


@pytest.mark.parametrize(
    ("make", "sizes"),
    [
        (
            lambda: Involution3d(8, 3, group_channels=4),
            [(2, 8, 4, 5, 6), (1, 8, 6, 6, 5), (3, 8, 1, 1, 1)],
        ),
        (
            lambda: Involution3d(8, (3, 1, 5), (2, 1, 2), 4, padding=(0, 1, 2)),
            [(2, 8, 4, 5, 6), (1, 8, 7, 6, 5)],
        ),
        (
            lambda: Involution(8, 3, 2, 4, generator=GENERATORS["attention"]),
            [(1, 8, 4, 4), (2, 8, 1, 1), (1, 8, 9, 3)],
        ),
    ],
)
def test_a_trace_follows_the_sizes(make, sizes):
    layer = make().eval()
    for traced_at in sizes:
        with warnings.catch_warnings():  # of sizes that only checks see, and that jit is deprecated
            warnings.simplefilter("ignore")
            traced = torch.jit.trace(layer, torch.randn(traced_at))
        for size in sizes:
            x = torch.randn(size)
            torch.testing.assert_close(traced(x), layer(x))


@pytest.mark.torture
@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize(("stride", "padding"), [(1, None), (2, None), (3, 0), (2, (2, 4))])
def test_exports_with_open_sizes(generator, stride, padding):
    layer = Involution(8, 3, stride, 4, 2, padding=padding, generator=GENERATORS[generator])
    # With stride 3 and no padding 4 and 5 leave a single row, which torch.nn.Conv2d refuses, too.
    least = 7 if (stride, padding) == (3, 0) else 4
    program = exported(layer, torch.randn(2, 8, 8, 9), open_sizes(least))
    assert operators(program) == {"aten"}
    for size in ((3, 8, 13, max(6, least)), (1, 8, 32, 7)):
        y = torch.randn(size)
        torch.testing.assert_close(program.module()(y), layer(y))


@pytest.mark.torture
def test_a_saved_export_needs_nothing_of_this_package(tmp_path):
    layer = Involution(32, 3, 2, 16).eval()
    height = {2: Dim("height", min=8, max=512)}
    program = exported(layer, torch.randn(1, 32, 64, 64), height)
    torch.export.save(program, tmp_path / "layer.pt2")
    x = torch.randn(1, 32, 65, 64)
    torch.save((x, layer(x)), tmp_path / "pair.pt")
    code = (
        "import sys; sys.modules['involution_core'] = None; import torch;"
        "x, y = torch.load('pair.pt');"
        "got = torch.export.load('layer.pt2').module()(x);"
        "assert got.shape == (1, 32, 33, 32); torch.testing.assert_close(got, y)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def in_onnxruntime(module, x, y, path):
    """What the ONNX graph of a module, exported with x, makes of y in onnxruntime."""
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    torch.onnx.export(
        module.eval(), (x,), path, dynamo=True, dynamic_shapes=(SIZES,), verbose=False
    )
    session = onnxruntime.InferenceSession(path)
    (result,) = session.run(None, {session.get_inputs()[0].name: y.numpy()})
    return torch.from_numpy(result)


def distance(got, expected):
    """As a share of the largest value."""
    return ((got - expected).abs().max() / expected.abs().max()).item()


@pytest.mark.torture
@pytest.mark.filterwarnings("ignore")  # of the exporter's own
@pytest.mark.parametrize("generator", GENERATORS)
def test_onnx(generator, tmp_path):
    layer = Involution(16, 3, 2, 8, generator=GENERATORS[generator])
    x, y = torch.randn(2, 16, 16, 17), torch.randn(3, 16, 33, 20)
    result = in_onnxruntime(layer, x, y, tmp_path / "layer.onnx")
    with torch.no_grad():
        assert distance(result, layer(y)) < 1e-5


@pytest.mark.torture
@pytest.mark.filterwarnings("ignore")  # of the exporter's own
def test_onnx_of_a_network_is_as_near_to_the_exact_values_as_the_network_itself(tmp_path):
    torch.manual_seed(0)
    network = build_network("rednet26", classes=10)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():  # statistics that keep an untrained network's values small
        network(torch.randn(4, 3, 64, 64))
    x, y = torch.randn(2, 3, 64, 64), torch.randn(1, 3, 97, 64)
    result = in_onnxruntime(network, x, y, tmp_path / "network.onnx")
    with torch.no_grad():
        plain, exact = network(y), copy.deepcopy(network).double()(y.double())
    # float32 rounds 26 layers: both are about 3e-5 away. A wrong graph would be at 1e-2 or more.
    assert distance(result, exact) < 2 * distance(plain, exact) < 2e-4
    assert distance(result, plain) < 1e-4


@pytest.mark.torture
@pytest.mark.filterwarnings("ignore")  # of Inductor's own
@pytest.mark.parametrize("generator", GENERATORS)
def test_inductor_forward_and_backward_with_open_sizes(generator):
    torch._dynamo.reset()
    layer = Involution(8, 3, 2, 4, 2, generator=GENERATORS[generator])
    compiled = torch.compile(layer, fullgraph=True, dynamic=True)
    for size in ((2, 8, 8, 9), (3, 8, 11, 7)):
        plain, other = (torch.ones(size).cumsum(3).requires_grad_() for _ in range(2))
        layer(plain).square().sum().backward()
        compiled(other).square().sum().backward()
        torch.testing.assert_close(other.grad, plain.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.torture
@pytest.mark.filterwarnings("ignore")  # of Inductor's own
def test_ahead_of_time(tmp_path):
    layer = Involution(8, 3, 2, 4, 2).eval()
    sizes = {0: Dim("batch", min=2, max=64), 2: Dim("height", min=8, max=512)}
    program = exported(layer, torch.randn(2, 8, 8, 9), sizes)
    package = torch._inductor.aoti_compile_and_package(
        program, package_path=str(tmp_path / "layer.pt2")
    )
    y = torch.randn(3, 8, 11, 9)
    torch.testing.assert_close(torch._inductor.aoti_load_package(package)(y), layer(y))


@pytest.mark.torture
@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
def test_features_of_a_network():
    from torchvision.models.feature_extraction import create_feature_extractor

    names = {"stages.1": "c3", "stages.2": "c4", "stages.3": "c5"}
    features = create_feature_extractor(build_network("rednet26").eval(), names)
    with torch.no_grad():
        shapes = {key: tuple(y.shape) for key, y in features(torch.randn(1, 3, 224, 224)).items()}
    assert shapes == {"c3": (1, 512, 28, 28), "c4": (1, 1024, 14, 14), "c5": (1, 2048, 7, 7)}


@pytest.mark.torture
@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
@pytest.mark.parametrize("generator", GENERATORS)
def test_a_symbolic_trace_exports(generator):
    layer = nn.Sequential(Involution(8, 3, 2, 4, generator=GENERATORS[generator]), nn.ReLU()).eval()
    program = exported(torch.fx.symbolic_trace(layer), torch.randn(2, 8, 8, 9))
    y = torch.randn(3, 8, 13, 6)
    assert operators(program) == {"aten"}
    torch.testing.assert_close(program.module()(y), layer(y))


@pytest.mark.torture
@pytest.mark.parametrize("wrapper", ["ddp", "fsdp"])
def test_a_step_of_two_processes_is_a_step_of_one(wrapper):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, WITNESSES / "two_processes.py", wrapper]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
