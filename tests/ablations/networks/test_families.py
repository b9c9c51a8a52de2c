import pytest
import torch

from ablations.networks.builders import build
from ablations.networks.families import FAMILIES, INVOLUTION_SETTINGS, family_of
from ablations.networks.network import Network
from involution_core.networks.architectures import ARCHITECTURES

SMALL = ARCHITECTURES["rednet-small"]


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_builds_a_classifier_with_the_layers_it_says(name):
    family = FAMILIES[name]
    network = Network(**{"family": name, **family.stands_for})
    architecture = ARCHITECTURES[f"{family.architectures}-small"]
    module = build(architecture, network, 7).eval()
    assert module(torch.zeros(2, 3, 32, 32)).shape == (2, 7)
    modules = dict(module.named_modules())
    layers = list(family.layers(architecture, network.involution, 3))
    assert layers and all(layer.name in modules for layer in layers)


def test_what_says_nothing_of_a_family():
    assert FAMILIES["rednet"].idle == ()
    assert FAMILIES["resnet"].idle == INVOLUTION_SETTINGS
    assert not FAMILIES["resnet"].has_involutions and FAMILIES["attention"].has_involutions
    assert set(INVOLUTION_SETTINGS) < {f.name for f in Network.__dataclass_fields__.values()}


def test_a_users_family_is_loaded_when_it_is_built_and_has_no_closed_form(write_module):
    family = family_of("mine_family:net")
    assert not family.closed_form and list(family.layers(SMALL, Network().involution, 3)) == []
    with pytest.raises(ValueError, match="cannot import mine_family"):
        family.build(SMALL, Network().involution, 7, 3)
    write_module("mine_family", "def net(architecture, classes): return classes")
    assert family.build(SMALL, Network().involution, 7, 3) == 7
