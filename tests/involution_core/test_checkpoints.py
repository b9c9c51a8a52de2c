import io
import os
import pickle
from pathlib import Path

import pytest
import torch
from authors import BLOCKS, AuthorsRedNet, checkpoint, drawn

from involution_core import ARCHITECTURES, FeatureBackbone, RedNet, build_network, load_official


@pytest.fixture(scope="module")
def theirs():
    """RedNet-26 of the authors, 5 classes, everything drawn."""
    return drawn(AuthorsRedNet(26, classes=5))


@pytest.fixture
def state(theirs):
    return dict(theirs.state_dict())


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("stem", [3, 7])
def test_a_file_gives_the_authors_output(stem, legacy, tmp_path):
    theirs = drawn(AuthorsRedNet(26, stem, classes=5), seed=stem)
    path = tmp_path / "rednet26.pth"
    torch.save(checkpoint(theirs), path, _use_new_zipfile_serialization=not legacy)
    ours = load_official("rednet26", path)
    assert not ours.training
    # Odd, oblong, and even where the three strided layers meet the map: 16x8, 8x4, 4x2.
    x = torch.randn(2, 3, 61, 29, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, got = theirs.double()(x), ours.double()(x)
    assert (expected[0] - expected[1]).abs().min() > 1e-3  # the images matter
    torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-9)


def test_the_witness_has_the_names_of_the_authors_repository():
    with torch.device("meta"):
        keys = set(AuthorsRedNet(26).state_dict())
    bn = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    expected = {
        *("backbone.stem.0.conv.weight", "backbone.stem.1.conv1.conv.weight"),
        *("backbone.stem.1.conv2.conv.weight", "backbone.stem.1.conv2.conv.bias"),
        *("backbone.stem.4.conv.weight", "head.fc.weight", "head.fc.bias"),
    }
    norms = ["stem.0.bn", "stem.1.conv1.bn", "stem.2", "stem.4.bn"]
    for layer, blocks in enumerate(BLOCKS[26], 1):
        for block in range(blocks):
            b = f"layer{layer}.{block}"
            norms += [f"{b}.bn1", f"{b}.bn2", f"{b}.bn3", f"{b}.conv2.conv1.bn"]
            convs = ["conv1", "conv3", "conv2.conv1.conv", "conv2.conv2.conv"]
            if block == 0:
                norms.append(f"{b}.downsample.1")
                convs.append("downsample.0")
            expected |= {f"backbone.{b}.{conv}.weight" for conv in convs}
            expected.add(f"backbone.{b}.conv2.conv2.conv.bias")
    assert keys == expected | {f"backbone.{norm}.{name}" for norm in norms for name in bn}


@pytest.mark.parametrize("depth", BLOCKS)
@pytest.mark.parametrize("stem", [3, 7])
def test_every_depth_fits(depth, stem):
    with torch.device("meta"):
        state = AuthorsRedNet(depth, stem).state_dict()
        network = load_official(f"rednet{depth}", state)
    assert network.classifier.out_features == 1000
    assert network.stem[3].kernel_size == stem


def test_stem_and_classes_are_read_off_the_checkpoint(state):
    network = load_official("rednet26", {"state_dict": state})
    assert network.stem[3].kernel_size == 3
    assert network.classifier.out_features == 5


def test_a_network_is_filled_in_place(state):
    network = build_network("rednet26", classes=5).train()
    assert load_official(network, state) is network
    assert not network.training
    torch.testing.assert_close(network.classifier.weight, state["head.fc.weight"])
    assert network.stem[1].num_batches_tracked == state["backbone.stem.0.bn.num_batches_tracked"]


@pytest.mark.parametrize("prefix", ["backbone.", ""])
def test_a_backbone_alone_is_refused_unless_asked_for(state, prefix):
    backbone = {
        key.replace("backbone.", prefix): value
        for key, value in state.items()
        if key.startswith("backbone.")
    }
    with pytest.raises(ValueError, match=r"without its classifier \(head.fc.weight, head.fc.bias"):
        load_official("rednet26", backbone)
    network = build_network("rednet26", classes=7)
    untrained = network.classifier.weight.clone()
    load_official(network, backbone, classifier=False)
    assert torch.equal(network.classifier.weight, untrained)
    loaded = network.stages[3][0].conv3.weight
    assert torch.equal(loaded, state["backbone.layer4.0.conv3.weight"])
    assert load_official("rednet26", state, classifier=False).classifier.out_features == 1000


def test_a_head_goes_with_a_backbone_without_prefix(state):
    bare = {key.removeprefix("backbone."): value for key, value in state.items()}
    network = load_official("rednet26", bare)
    assert torch.equal(network.classifier.bias, state["head.fc.bias"])


def without(state, key):
    return {name: value for name, value in state.items() if name != key}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda s: without(s, "backbone.layer2.0.downsample.1.running_var"),
            "does not fit rednet26: 1 missing (backbone.layer2.0.downsample.1.running_var)",
        ),
        (
            lambda s: without(s, "head.fc.bias"),
            "holds a backbone without its classifier (head.fc.bias); load_official with "
            "classifier=False loads that alone",
        ),
        (
            lambda s: {**s, "head.fc2.weight": torch.ones(1)},
            "does not fit rednet26: 1 unexpected (head.fc2.weight); "
            "load_official with classifier=False loads the rest alone",
        ),
        (
            lambda s: {**s, "backbone.layer1.0.conv2.conv2.conv.bias": torch.ones(196, 1)},
            "does not fit rednet26: 1 misshaped "
            "(backbone.layer1.0.conv2.conv2.conv.bias is (196, 1), not (196,))",
        ),
        (
            lambda s: {**s, "backbone.stem.1.conv2.conv.weight": torch.ones(19, 8, 1, 1)},
            "does not fit rednet26: 1 misshaped "
            "(backbone.stem.1.conv2.conv.weight is (19, 8, 1, 1), not (18, 8, 1, 1))",
        ),
        (
            lambda s: {**s, "head.fc.weight": torch.ones(())},
            "does not fit rednet26: 2 misshaped (head.fc.weight is (), not (1000, 2048), "
            "head.fc.bias is (5,), not (1000,)); "
            "load_official with classifier=False loads the rest alone",
        ),
        (lambda s: {"state_dict": {}}, "holds no state_dict"),
        (lambda s: {"state_dict": [1]}, "holds no state_dict"),
        (
            lambda s: {"epoch": 3, "weights": [s]},
            "holds no state_dict: 'epoch' is not the name of a tensor",
        ),
    ],
)
def test_what_does_not_fit_is_named(state, damage, message):
    with pytest.raises(ValueError) as error:
        load_official("rednet26", damage(state))
    assert str(error.value) == message


def test_another_depth_is_named_in_one_short_line(state):
    with pytest.raises(ValueError) as error:
        load_official("rednet50", state)
    told = str(error.value)
    assert told.startswith("does not fit rednet50: ") and "\n" not in told and len(told) < 400
    assert "missing (backbone.layer1.1.conv1.weight, backbone.layer1.1.bn1.weight, " in told
    assert ", ...)" in told
    with pytest.raises(
        ValueError,
        match=r"^does not fit rednet26: \d+ unexpected .*; its bottlenecks are those of rednet38$",
    ):
        load_official("rednet26", AuthorsRedNet(38, classes=5).state_dict())


def test_nothing_is_loaded_where_something_does_not_fit(state):
    network = build_network("rednet26", classes=5).train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with pytest.raises(ValueError, match="1 missing"):
        load_official(network, without(state, "backbone.layer4.0.bn3.bias"))
    assert network.training
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


@pytest.mark.parametrize("name", ["rednet-small", "resnet50", "vgg"])
def test_other_networks_have_no_official_checkpoint(state, name):
    with pytest.raises(ValueError, match=f"networks are rednet26, .*rednet152, not '{name}'"):
        load_official(name, state)


def test_networks_that_the_authors_do_not_have(state):
    with torch.device("meta"):
        attention = RedNet(ARCHITECTURES["rednet26"], generator="attention", classes=5)
        linear = RedNet(ARCHITECTURES["rednet26"], generator="W", classes=5)
        small = build_network("rednet-small")
    with pytest.raises(ValueError, match=r"nothing like this one's .*spatial.generator.query"):
        load_official(attention, state)
    with pytest.raises(ValueError, match=r"unexpected \(.*conv2.conv1.conv.weight.*misshaped"):
        load_official(linear, state)
    with pytest.raises(ValueError, match="not 'rednet-small'"):
        load_official(small, state)


class Code:
    """Writes a file when it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("kind", ["zip", "legacy", "pickle"])
def test_code_in_a_file_is_refused_and_not_run(kind, tmp_path):
    path, trace = tmp_path / "weights.pth", tmp_path / "it-ran"
    content = {"state_dict": {"head.fc.bias": Code(trace)}}
    if kind == "pickle":
        path.write_bytes(pickle.dumps(content, protocol=2))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=kind == "zip")
    with pytest.raises(ValueError) as error:
        load_official("rednet26", path)
    assert not trace.exists()
    assert "\n" not in str(error.value)
    if kind != "pickle":
        assert "asks for posix.mkdir to be loaded" in str(error.value)


@pytest.mark.parametrize(
    "content", [b"", b"hello, no checkpoint", b"<!DOCTYPE html>", b"PK\x03\x04", bytes(range(256))]
)
def test_what_is_no_checkpoint_is_told_in_one_line(content, tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^is not a checkpoint that torch.save wrote, or not all"):
        load_official("rednet26", path)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_cut_file_is_told_in_one_line(state, legacy, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(state, path, _use_new_zipfile_serialization=not legacy)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"^is not a checkpoint that torch.save wrote, or not all"):
        load_official("rednet26", path)


def test_a_file_that_is_not_there():
    with pytest.raises(FileNotFoundError):
        load_official("rednet26", Path("nowhere.pth"))


def extended(network):
    network.extra = torch.nn.Conv2d(3, 3, 1)
    return network


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (FeatureBackbone, TypeError, r"a RedNet \(a FeatureBackbone is made of it afterwards\)"),
        (torch.nn.DataParallel, TypeError, "type DataParallel; give what is in it, .module"),
        (lambda network: None, TypeError, "got an object of type NoneType"),
        (extended, ValueError, "the authors' networks have nothing like this one's extra.weight"),
    ],
)
def test_what_is_no_rednet_is_told(state, model, error, message):
    with torch.device("meta"):
        wrong = model(build_network("rednet26", classes=5))
    with pytest.raises(error, match=message):
        load_official(wrong, state)


def test_a_network_with_compiled_parts_is_filled(state):
    network = build_network("rednet26", classes=5)
    network.stages[0] = torch.compile(network.stages[0])
    load_official(network, state)
    loaded = network.state_dict()["stages.0._orig_mod.0.conv1.weight"]
    assert torch.equal(loaded, state["backbone.layer1.0.conv1.weight"])


@pytest.mark.parametrize("source", [None, torch.nn.Identity(), io.BytesIO(), [1]])
def test_what_is_no_source_is_told(source):
    kind = type(source).__name__
    with pytest.raises(TypeError, match=f"source must be a file's path, .* of type {kind}$"):
        load_official("rednet26", source)


def test_the_nearest_of_the_authors_networks_is_told(state):
    with pytest.raises(ValueError, match="not 'rednet_26'; did you mean 'rednet26'"):
        load_official("rednet_26", state)
