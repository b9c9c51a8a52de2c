import pytest
import torch
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.detection import RetinaNet
from torchvision.models.detection.backbone_utils import BackboneWithFPN

from involution_core import FeatureBackbone, build_network, list_networks


def images(*size):
    return torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(1))


def test_the_maps_are_what_the_stages_give():
    network = build_network("rednet-small").eval()
    backbone = FeatureBackbone(network, out_indices=(0, 1, 2))
    x = images(32, 48)
    c1, c2, c3 = backbone(x)
    torch.testing.assert_close(c1, network.stem(x))
    torch.testing.assert_close(c2, network.stages[0](c1))
    torch.testing.assert_close(c3, network.stages[1](c2))
    torch.testing.assert_close(network.classifier(c3.mean((2, 3))), network(x))


@pytest.mark.parametrize("name", ["rednet50", "resnet26", "rednet38-small", "resnet-small"])
def test_channels_and_reductions_are_those_of_the_maps(name):
    with torch.device("meta"):
        stages = len(build_network(name).stages)
        backbone = build_network(name, features_only=True, out_indices=range(stages + 1))
        maps = backbone(torch.empty(2, 3, 73, 130))
    info = backbone.feature_info
    assert [found.shape[1] for found in maps] == info.channels()
    for found, reduction in zip(maps, info.reduction(), strict=True):
        assert found.shape[2:] == (-(-73 // reduction), -(-130 // reduction))
    assert info[0].module == "stem"


def test_a_detectors_maps_are_the_default():
    with torch.device("meta"):
        info = build_network("rednet50", features_only=True).feature_info
    assert info.channels() == [256, 512, 1024, 2048]
    assert info.reduction() == [4, 8, 16, 32]
    assert info.module_name() == ["layer1", "layer2", "layer3", "layer4"]


def test_stages_behind_the_last_map_are_left_out():
    with torch.device("meta"):
        backbone = build_network("rednet50", features_only=True, out_indices=(2,))
    assert [name for name, _ in backbone.named_children()] == ["stem", "pool", "layer1", "layer2"]
    assert len(backbone(torch.empty(1, 3, 64, 64, device="meta"))) == 1


@pytest.mark.parametrize("indices", [(), (0, 5), (-1,), (2, 1), (1, 1)])
def test_indices_that_the_network_does_not_have_are_named(indices):
    with torch.device("meta"), pytest.raises(ValueError) as error:
        build_network("rednet26", features_only=True, out_indices=indices)
    assert str(error.value) == (
        "out_indices must be rising, of 0 (the stem) to 4 (the last stage) of rednet26, "
        f"got {indices}"
    )


def test_indices_need_features_only():
    with pytest.raises(ValueError, match="with features_only=True"):
        build_network("rednet-small", out_indices=(1,))


def test_the_weights_are_those_of_the_network():
    network = build_network("resnet-small").eval()
    backbone = FeatureBackbone(network)
    assert not backbone.training
    own = {id(parameter) for parameter in network.parameters()}
    assert {id(parameter) for parameter in backbone.parameters()} < own


def test_torchvisions_layer_getter_gives_the_same_maps():
    # With the statistics of each batch: by those a fresh network starts with, maps grow without
    # bound, since an involution multiplies its input by weights that grow with it.
    backbone = build_network("rednet26-small", features_only=True)
    names = {name: name for name in backbone.feature_info.module_name()}
    x = images(32, 32)
    for got, expected in zip(
        IntermediateLayerGetter(backbone, names)(x).values(), backbone(x), strict=True
    ):
        torch.testing.assert_close(got, expected)


def test_a_torchvision_detector_trains_on_it():
    backbone = build_network("rednet26-small", features_only=True)
    info = backbone.feature_info
    layers = {name: str(level) for level, name in enumerate(info.module_name())}
    pyramid = BackboneWithFPN(backbone, layers, info.channels(), 8)
    detector = RetinaNet(pyramid, num_classes=2, min_size=32, max_size=64)
    target = {"boxes": torch.tensor([[2.0, 2, 20, 20]]), "labels": torch.tensor([1])}
    sum(detector([images(32, 40)[0]], [target]).values()).backward()
    assert backbone.stem[0].weight.grad.abs().sum() > 0


def test_every_small_network_is_a_backbone():
    for name in list_networks("re?net-small"):
        assert len(build_network(name, features_only=True)(images(16, 16))) == 2


@pytest.mark.parametrize("indices", [2, (1.0, 2), "12", (True, 2)])
def test_indices_that_are_no_integers_are_named(indices):
    with pytest.raises(ValueError, match=r"out_indices must be rising, of 0 \(the stem\) to 2"):
        build_network("rednet-small", features_only=True, out_indices=indices)


@pytest.mark.parametrize(
    ("wrap", "told"),
    [
        (lambda network: torch.nn.Conv2d(3, 4, 1), "type Conv2d$"),
        (lambda network: "rednet50", "type str$"),
        (torch.nn.DataParallel, "type DataParallel; give what is in it, .module$"),
        (torch.nn.Sequential, "type Sequential; give what is in it, .0$"),
    ],
)
def test_what_is_no_network_is_named(wrap, told):
    network = build_network("rednet-small")
    with pytest.raises(TypeError, match=f"^network must be a RedNet or ResNet, .*{told}"):
        FeatureBackbone(wrap(network))
