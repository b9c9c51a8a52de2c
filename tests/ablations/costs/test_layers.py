"""Whole layers, counted alike by both counters; every figure derived by hand."""

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from ablations.costs.counters import macs_by_counter
from involution_core import Involution, Involution1d, Involution3d, LinearGenerator


class Pair(nn.Module):
    """A layer of two inputs, given the same one twice."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x, x)


class Words(nn.Module):
    """Ten words of a vocabulary of 20, of which 5 are frequent."""

    def __init__(self):
        super().__init__()
        self.layer = nn.AdaptiveLogSoftmaxWithLoss(12, 20, [5])

    def forward(self, x):
        return self.layer.log_prob(x)


MAP, SEQUENCE = (1, 8, 6, 7), (2, 8, 12)
CASES = {
    # 42 pixels: C²/r = 32, KhKwGC/r = 15·2·4, KhKwC = 15·8
    "3 x 5": (Involution(8, (3, 5), 1, 4, 2), MAP, 42 * (32 + 120 + 120)),
    # ceil(6/2) · 7 pixels of W: KhKwGC and KhKwC
    "K x L, stride": (
        Involution(8, (1, 5), (2, 1), 4, generator=LinearGenerator),
        MAP,
        21 * (5 * 2 * 8 + 5 * 8),
    ),
    "1d": (Involution1d(8, 5, 1, 4, 2), (1, 8, 10), 10 * (32 + 5 * 2 * 4 + 5 * 8)),
    "3d": (Involution3d(8, 3, 1, 4, 2), (1, 8, 4, 5, 6), 120 * (32 + 27 * 2 * 4 + 27 * 8)),
    "3d, stride": (Involution3d(8, 3, (2, 1, 1), 4, 2), (1, 8, 4, 5, 6), 60 * (32 + 216 + 216)),
    "circular": (nn.Conv2d(8, 4, 3, padding=1, padding_mode="circular"), MAP, 42 * 9 * 8 * 4),
    # every input pixel, 4 outputs of its group, 3 taps
    "transposed": (nn.ConvTranspose1d(8, 8, 3, 2, 1, 1, groups=2), SEQUENCE, 2 * 12 * 8 * 4 * 3),
    # 16 steps: 4 gates of 12 inputs and 3 projections, then 6 to 3
    "projected": (nn.LSTM(12, 6, proj_size=3), SEQUENCE, 16 * (24 * 12 + 24 * 3 + 18)),
    # 16 places: two attentions of 4E² + 2·8E each, two linear layers of 16
    "decoder": (
        Pair(nn.TransformerDecoderLayer(12, 3, 16, batch_first=True)),
        SEQUENCE,
        16 * (2 * (4 * 144 + 2 * 8 * 12) + 2 * 12 * 16),
    ),
    # the head's 5 words and 1 cluster, then 12 to 3 to the cluster's 15 words
    "words": (Words(), (10, 12), 10 * (12 * 6 + 12 * 3 + 3 * 15)),
    # and the norm uᵀWv: 60 + 5
    "spectral norm": (spectral_norm(nn.Linear(12, 5)), SEQUENCE, 16 * 60 + 65),
}


@pytest.mark.parametrize("name", CASES)
def test_both_count_what_is_derived(name):
    layer, shape, macs = CASES[name]
    counts = macs_by_counter(nn.Sequential(layer), torch.zeros(shape))
    assert set(counts.values()) == {macs}
