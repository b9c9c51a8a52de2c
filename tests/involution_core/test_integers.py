"""Whatever stands for an integer is taken for one, and True is not."""

import numpy as np
import pytest
import torch

from involution_core import FeatureBackbone, Involution, Involution1d, Involution3d, rednet_small

I = np.int64  # noqa: E741


@pytest.mark.parametrize("layer", [Involution, Involution1d, Involution3d])
def test_numpys_integers_are_taken(layer):
    given = layer(
        I(32), I(3), I(2), I(8), I(4), dilation=np.int32(1), padding=torch.tensor(1), generator=None
    )
    plain = layer(32, 3, 2, 8, 4)
    assert str(given) == str(plain)
    kept = (given.channels, given.groups, given.group_channels, *given.window.stride)
    assert {type(size) for size in kept} == {int}
    x = torch.zeros(1, 32, *[5] * {Involution: 2, Involution1d: 1, Involution3d: 3}[layer])
    assert given(x).shape == plain(x).shape


def test_a_network_takes_them_too():
    network = rednet_small(in_channels=I(4), classes=I(3), kernel_size=I(5), group_channels=I(4))
    assert network.stem[0].in_channels == 4 and network.classifier.out_features == 3
    assert len(FeatureBackbone(network, np.array([1, 2])).feature_info) == 2


@pytest.mark.parametrize("value", [True, 1.0, "3", None, [3, 3, 3, 3]])
@pytest.mark.parametrize("layer", [Involution, Involution1d, Involution3d])
@pytest.mark.parametrize("argument", ["kernel_size", "stride", "dilation", "group_channels"])
def test_what_is_no_integer_is_named(layer, argument, value):
    with pytest.raises(ValueError, match=rf"^{argument} must be .*, got "):
        layer(16, **{argument: value})


@pytest.mark.parametrize("ratio", [True, 2.0, "4", None, 0, 3])
def test_a_reduction_ratio_divides(ratio):
    with pytest.raises(ValueError, match=r"^reduction_ratio must divide channels=32, got "):
        Involution(32, reduction_ratio=ratio)
