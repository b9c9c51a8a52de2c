import inspect
import typing

import pytest
import torch
import torchvision
from torch.profiler import ProfilerActivity, profile

import involution_core.networks.builders
from involution_core import ARCHITECTURES, RedNet, ResNet, build_network, list_networks


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def on_meta(name, **options):
    with torch.device("meta"):
        return build_network(name, **options)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rednet26", 9_233_166),
        ("rednet38", 12_386_986),
        ("rednet50", 15_540_806),
        ("rednet101", 25_652_950),
        ("rednet152", 33_984_582),
    ],
)
def test_rednets_have_the_expected_parameters(name, expected):
    assert parameters(on_meta(name)) == expected


@pytest.mark.parametrize("depth", [50, 101, 152])
def test_resnets_have_torchvisions_parameters(depth):
    with torch.device("meta"):
        theirs = getattr(torchvision.models, f"resnet{depth}")()
    assert parameters(on_meta(f"resnet{depth}")) == parameters(theirs)


@pytest.mark.parametrize(("depth", "millions"), [(26, "13.7"), (38, "19.6")])
def test_small_resnets_have_the_published_parameters(depth, millions):
    assert f"{parameters(on_meta(f'resnet{depth}')) / 1e6:.1f}" == millions


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_network_classifies_images_of_its_size(name):
    size = ARCHITECTURES[name].image_size
    out = on_meta(name)(torch.empty(2, 3, size, size, device="meta"))
    assert out.shape == (2, ARCHITECTURES[name].classes)


def test_odd_image_size_and_class_number():
    network = build_network("rednet-small", classes=7, kernel_size=5, group_channels="C").eval()
    assert network(torch.randn(1, 3, 37, 29)).shape == (1, 7)


def test_only_the_span_convolution_has_a_bias():
    network = on_meta("rednet50")
    biased = {
        name.rpartition(".")[2]
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.Conv2d) and module.bias is not None
    }
    assert biased == {"span"}


def test_channels_last_stays_channels_last():
    network = build_network("rednet-small").to(memory_format=torch.channels_last).eval()
    layouts = []
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.BatchNorm2d):
            module.register_forward_hook(lambda m, i, out: layouts.append(out))
    network(torch.randn(2, 3, 32, 32).contiguous(memory_format=torch.channels_last))
    assert layouts
    for out in layouts:
        channels_innermost = (0, 2, 3, 1) if out.ndim == 4 else (0, 4, 5, 1, 2, 3)
        assert out.permute(channels_innermost).is_contiguous()


def copied_maps(run):
    """Shapes of the 4-D or 6-D activations of BATCH images that `run` copies."""
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as recorded:
        run()
    copied = [e.input_shapes[0] for e in recorded.events() if e.name == "aten::copy_"]
    return [shape for shape in copied if len(shape) >= 4 and shape[0] == BATCH]


BATCH = 3  # no weight has three output channels, so a copy of three is one of images


@pytest.mark.parametrize("group_channels", [16, 4])
def test_no_copy_stands_between_layers(group_channels):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)  # with one, PyTorch's own 1x1 convolution copies its bias
    try:
        network = build_network("rednet-small", group_channels=group_channels)
        network = network.to(memory_format=torch.channels_last)
        x = torch.randn(BATCH, 3, 32, 32).contiguous(memory_format=torch.channels_last)
        assert copied_maps(lambda: network(x).square().sum().backward()) == []
        assert copied_maps(lambda: network(x.contiguous())) != []
    finally:
        torch.set_num_threads(threads)


def test_unknown_network_is_named():
    with pytest.raises(ValueError, match=r"model must be one of rednet26, .* got 'vgg'"):
        build_network("vgg")


def weights_of(module):
    return [tuple(parameter.shape) for parameter in module.parameters()]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_network_has_a_builder_with_the_options_of_its_class(name, monkeypatch):
    family = "RedNet" if name.startswith("rednet") else "ResNet"
    monkeypatch.setattr(
        involution_core.networks.builders, family, lambda *given, **options: (*given, options)
    )
    builder = getattr(involution_core, name.replace("-", "_"))
    assert builder(classes=7) == (ARCHITECTURES[name], {"classes": 7})
    assert builder.__annotations__["return"].__name__ == family
    (hint,) = typing.get_args(builder.__annotations__["options"])
    options = inspect.signature(getattr(involution_core, family)).parameters.keys()
    assert hint.__annotations__.keys() == options - {"architecture"}


def test_a_builder_passes_its_options_on():
    built = involution_core.rednet_small(kernel_size=5, classes=7, in_channels=13)
    same = build_network("rednet-small", kernel_size=5, classes=7, in_channels=13)
    assert weights_of(built) == weights_of(same) != weights_of(build_network("rednet-small"))


def test_networks_are_listed_by_pattern():
    assert list_networks() == [*ARCHITECTURES]
    assert list_networks("rednet??-small") == ["rednet26-small", "rednet38-small", "rednet50-small"]
    assert list_networks("vgg*") == []


@pytest.mark.parametrize("name", ["rednet50", "resnet50", "rednet-small", "resnet-small"])
def test_images_may_have_other_channels(name):
    network = on_meta(name, in_channels=13)
    size = network.architecture.image_size
    assert network(torch.empty(2, 13, size, size, device="meta")).shape[0] == 2
    width = network.stem[0].weight.shape[0]
    kernel = network.stem[0].kernel_size[0]
    assert parameters(network) - parameters(on_meta(name)) == 10 * width * kernel**2


def test_without_a_classifier_come_the_pooled_features():
    whole = build_network("rednet-small").eval()
    bare = build_network("rednet-small", classes=0).eval()
    bare.load_state_dict({k: v for k, v in whole.state_dict().items() if "classifier" not in k})
    x = torch.randn(2, 3, 32, 32)
    assert bare(x).shape == (2, bare.architecture.features)
    torch.testing.assert_close(whole.classifier(bare(x)), whole(x))


@pytest.mark.parametrize("options", [{"classes": -1}, {"in_channels": 0}, {"in_channels": -3}])
@pytest.mark.parametrize("name", ["rednet-small", "resnet50"])
def test_no_channels_and_negative_classes_are_refused(name, options):
    (option,) = options
    least = {"classes": 0, "in_channels": 1}[option]
    with pytest.raises(
        ValueError, match=f"^{option} must be an integer of at least {least}, got -?[013]$"
    ):
        on_meta(name, **options)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("resnet50", {"backend": "shift"}, "ResNet has no backend: it has no involution"),
        ("resnet-small", {"generator": "W"}, "ResNet has no generator: it has no involution"),
        ("rednet-small", {"num_classes": 7}, "RedNet has no num_classes: write classes"),
        ("resnet-small", {"in_chans": 7}, "ResNet has no in_chans: write in_channels"),
        ("rednet50", {"pretrained": True}, "load_official loads the authors'"),
    ],
)
def test_other_libraries_arguments_say_what_to_write(name, options, message):
    with pytest.raises(TypeError) as refused:
        build_network(name, **options)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("rednet_small", "rednet-small"),
        ("RedNet50", "rednet50"),
        ("resnet152_smal", "resnet152-sma"),
    ],
)
def test_the_nearest_name_is_told(name, near):
    with pytest.raises(ValueError, match=f"got '{name}'; did you mean '{near}"):
        build_network(name)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: RedNet("rednet50"), TypeError, r"got 'rednet50'; write ARCHITECTURES\[name\]"),
        (lambda: ResNet(None), TypeError, "ResNet takes an architecture of the family 'resnet'"),
        (lambda: RedNet(ARCHITECTURES["resnet50"]), ValueError, "'rednet', got resnet50"),
        (lambda: ResNet(ARCHITECTURES["rednet50"]), ValueError, "'resnet', got rednet50"),
    ],
)
def test_a_network_takes_its_own_architectures(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("size", [4, 0, -3, (3, 4), 3.0, True])
@pytest.mark.parametrize("name", ["resnet-small", "rednet-small"])
def test_windows_of_networks_are_odd(name, size):
    with pytest.raises(ValueError, match="kernel_size must be one or two odd integers of at least"):
        on_meta(name, kernel_size=size)


def test_windows_of_networks_may_be_oblong():
    for name in ("resnet-small", "rednet-small"):
        network = on_meta(name, kernel_size=(3, 5))
        assert network(torch.empty(2, 3, 32, 32, device="meta")).shape == (2, 10)
