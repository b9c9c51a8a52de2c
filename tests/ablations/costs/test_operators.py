"""Counts derived by hand, of both counters, for what torch.nn offers."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from ablations.costs.counters import macs_by_counter
from ablations.costs.fvcore_counter import count_by_fvcore
from ablations.costs.operators.uncounted import UncountedOperator
from ablations.costs.torch_counter import count_by_torch


class Calling(nn.Module):
    """A function of the input, and of a layer where there is one."""

    def __init__(self, function, layer=None):
        super().__init__()
        self.function, self.layer = function, layer

    def forward(self, x):
        return self.function(x) if self.layer is None else self.function(self.layer, x)


def both(network, x):
    by_name = macs_by_counter(network, x)
    assert set(by_name) == {"fvcore", "FlopCounterMode"}
    (macs,) = set(by_name.values())
    return macs


IMAGE, TOKENS = torch.zeros(2, 8, 6, 7), torch.zeros(2, 5, 8)

CONVOLUTIONS = {
    "1d": (nn.Conv1d(5, 4, 3), TOKENS, 2 * 6 * 4 * 5 * 3),
    "3d, groups": (nn.Conv3d(4, 6, 2, groups=2), torch.zeros(1, 4, 3, 3, 3), 8 * 6 * 2 * 8),
    "same": (nn.Conv2d(8, 4, 3, padding="same"), IMAGE, 2 * 42 * 4 * 8 * 9),
    "same, even kernel": (nn.Conv1d(5, 4, 4, padding="same", dilation=2), TOKENS, 2 * 8 * 4 * 20),
    "valid": (nn.Conv2d(8, 4, 3, padding="valid"), IMAGE, 2 * 20 * 4 * 8 * 9),
    "reflect": (nn.Conv2d(8, 4, 3, 2, 1, padding_mode="reflect"), IMAGE, 2 * 12 * 4 * 72),
    "circular": (nn.Conv2d(8, 4, 3, 2, 1, padding_mode="circular"), IMAGE, 2 * 12 * 4 * 72),
    "replicate": (nn.Conv2d(8, 4, 3, 2, 1, padding_mode="replicate"), IMAGE, 2 * 12 * 4 * 72),
    "dilated, depthwise": (nn.Conv2d(8, 8, 3, dilation=2, groups=8), IMAGE, 2 * 6 * 8 * 9),
    "one image without a batch": (nn.Conv2d(8, 4, 3), IMAGE[0], 20 * 4 * 72),
    "transposed": (nn.ConvTranspose2d(8, 4, 3, 2, 1, 1), IMAGE, 2 * 42 * 8 * 4 * 9),
    "transposed 1d": (nn.ConvTranspose1d(5, 4, 3, 2, output_padding=1), TOKENS, 2 * 8 * 5 * 4 * 3),
    "transposed 3d": (
        nn.ConvTranspose3d(4, 6, 2, groups=2),
        torch.zeros(1, 4, 3, 3, 3),
        27 * 4 * 3 * 8,
    ),
    "time, batch, channels": (
        Calling(lambda x: F.conv_tbc(x, torch.ones(3, 8, 4), torch.ones(4))),
        torch.zeros(5, 2, 8),
        3 * 2 * 3 * 8 * 4,
    ),
    "weight norm": (
        nn.utils.parametrizations.weight_norm(nn.Conv2d(8, 4, 3)), IMAGE, 2 * 20 * 4 * 72,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("layer", "x", "macs"), CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_convolutions(layer, x, macs):
    assert both(layer, x) == macs


def test_lazy_layers():
    network = nn.Sequential(
        nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(3)
    )
    assert both(network, IMAGE) == 2 * (20 * 4 * 72 + 80 * 3)


EINSUMS = {
    "nchw,dc->ndhw": ((2, 32, 16, 16), (32, 32), 2 * 32 * 32 * 256),
    "i,i->": ((5,), (5,), 5),
    "i,j->ij": ((4,), (5,), 0),
    "ij,ij->ij": ((4, 5), (4, 5), 0),
    "ij,jk": ((4, 5), (5, 6), 4 * 5 * 6),
    "ij,kj->i": ((4, 5), (6, 5), 4 * 5),
    "...ij,...jk->...ik": ((3, 1, 4, 5), (2, 5, 6), 3 * 2 * 4 * 5 * 6),
    "bhid,bhjd->bhij": ((2, 3, 4, 5), (2, 3, 6, 5), 6 * 4 * 6 * 5),
    "ij,jk,kl->il": ((4, 5), (5, 6), (6, 7), 4 * 5 * 6 + 4 * 6 * 7),
    "bi,oij,bj->bo": ((2, 3), (4, 3, 5), (2, 5), 2 * 3 * 4 * 5 + 2 * 4 * 5),
    "ab,cd,bd->ac": ((2, 3), (4, 5), (3, 5), 2 * 3 * 4 * 5),
    "ij,jk,kl,lm->im": ((3, 4), (4, 5), (5, 6), (6, 2), 3 * 4 * 5 + 3 * 5 * 6 + 3 * 6 * 2),
    "ij,kj->ik": ((0, 4), (5, 4), 0),
    "iij,jk->ik": ((4, 4, 5), (5, 6), 4 * 5 * 6),
    "a...,a...->...": ((3, 4), (3, 4), 3 * 4),
}
"""Two at a time, from left to right. Without a summed index a product is elementwise."""


@pytest.mark.parametrize("equation", EINSUMS)
def test_einsum(equation):
    *shapes, macs = EINSUMS[equation]
    factors = [torch.ones(shape) for shape in shapes]
    network = Calling(lambda x: torch.einsum(equation, x, *factors[1:]))
    assert both(network, factors[0]) == macs


MATMULS = [
    ((5,), (5,), 5), ((4, 5), (5,), 20), ((5,), (5, 6), 30), ((2, 4, 5), (5,), 40),
    ((5,), (2, 5, 6), 60), ((2, 4, 5), (5, 6), 240), ((4, 5), (2, 5, 6), 240),
    ((3, 1, 4, 5), (2, 5, 6), 720), ((2, 4, 5), (2, 5, 6), 240), ((1, 4, 5), (7, 5, 6), 840),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second", "macs"), MATMULS)
def test_matmul(first, second, macs):
    assert both(Calling(lambda x: x @ torch.ones(second)), torch.ones(first)) == macs


M, N, B, C = torch.ones(4, 5), torch.ones(5, 6), torch.ones(3, 4, 5), torch.ones(3, 5, 6)

PRODUCTS = {
    "mm": (lambda x: torch.mm(x, N), M, 120),
    "bmm": (lambda x: torch.bmm(x, C), B, 360),
    "mv": (lambda x: torch.mv(x, N[:, 0]), M, 20),
    "dot": (lambda x: torch.dot(x, M[0]), M[0], 5),
    "vdot": (lambda x: torch.vdot(x, M[0]), M[0], 5),
    "inner": (lambda x: torch.inner(x, x), M, 80),
    "outer": (lambda x: torch.outer(x, x), M[0], 0),
    "kron": (lambda x: torch.kron(x, x), M, 0),
    "addmm": (lambda x: torch.addmm(N[0], x, N), M, 120),
    "addmv": (lambda x: torch.addmv(M[:, 0], x, M[0]), M, 20),
    "addbmm": (lambda x: torch.addbmm(N[:4], x, C), B, 360),
    "baddbmm": (lambda x: torch.baddbmm(N[:4], x, C), B, 360),
    "tensordot": (lambda x: torch.tensordot(x, B, dims=([0, 1], [1, 2])), M, 4 * 5 * 3),
    # ((4 5)(5 6))(6 2) takes 168, (4 5)((5 6)(6 2)) takes 100.
    "chain": (lambda x: torch.linalg.multi_dot([x, N, N.T[:, :2]]), M, 100),
    "chain of vectors": (lambda x: torch.linalg.multi_dot([x, N, N[0]]), M[0], 30 + 5),
    "linear": (lambda x: F.linear(x, N.T, N[0]), B, 12 * 30),
    "linear without a bias": (lambda x: F.linear(x, N.T), B, 12 * 30),
    "linear of a vector": (lambda x: F.linear(x, N.T, N[0]), M[0], 30),
    "linear with a vector": (lambda x: F.linear(x, M[0]), B, 60),
    "bilinear": (lambda x: F.bilinear(x, x, torch.ones(2, 5, 5), torch.ones(2)), M, 4 * (50 + 10)),
    "grid": (lambda x: F.affine_grid(x, (3, 1, 4, 5), False), torch.ones(3, 2, 3), 3 * 20 * 2 * 3),
}


@pytest.mark.parametrize(("function", "x", "macs"), PRODUCTS.values(), ids=PRODUCTS)
def test_products(function, x, macs):
    assert both(Calling(function), x) == macs


def self_attention(x, **options):
    return F.scaled_dot_product_attention(x, x, x, **options)


HEADS = torch.ones(2, 4, 16, 8)

ATTENTIONS = {
    "plain": (self_attention, HEADS, 2 * 4 * 16 * 16 * 16),
    "three dimensions": (self_attention, HEADS[0], 4 * 16 * 16 * 16),
    "causal": (lambda x: self_attention(x, is_causal=True), HEADS, 2 * 4 * 16 * 16 * 16),
    "mask": (lambda x: self_attention(x, attn_mask=torch.ones(16, 16)), HEADS, 2 * 4 * 16 * 256),
    "fewer heads of keys": (
        lambda x: F.scaled_dot_product_attention(x, x[:, :2], x[:, :2], enable_gqa=True),
        HEADS,
        2 * 4 * 16 * 16 * 16,
    ),
    "other keys": (
        lambda x: F.scaled_dot_product_attention(x, x[:, :, :3], x[:, :, :3, :2]),
        HEADS,
        2 * 4 * 16 * 3 * (8 + 2),
    ),
}


@pytest.mark.parametrize(("function", "x", "macs"), ATTENTIONS.values(), ids=ATTENTIONS)
def test_attention(function, x, macs):
    assert both(Calling(function), x) == macs


MHA = 2 * 5 * 4 * 64 + 2 * 5 * 5 * 16
"""Two sequences of five tokens of eight channels: four projections, two products."""

TRANSFORMERS = {
    "attention": (nn.MultiheadAttention(8, 2, batch_first=True), lambda a, x: a(x, x, x), MHA),
    "attention without weights": (
        nn.MultiheadAttention(8, 4, batch_first=True),
        lambda a, x: a(x, x, x, need_weights=False),
        MHA,
    ),
    "encoder layer": (
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        lambda a, x: a(x),
        MHA + 2 * 10 * 8 * 16,
    ),
    "decoder layer": (
        nn.TransformerDecoderLayer(8, 2, 16, batch_first=True),
        lambda a, x: a(x, x),
        2 * MHA + 2 * 10 * 8 * 16,
    ),
}


@pytest.mark.parametrize(("layer", "call", "macs"), TRANSFORMERS.values(), ids=TRANSFORMERS)
def test_transformers(layer, call, macs):
    """In eval mode torch would take a fused path that no counter sees into."""
    assert both(Calling(call, layer), TOKENS) == macs
    assert torch.backends.mha.get_fastpath_enabled()


def packed(layer, x):
    lengths = torch.tensor([5, 3])
    return layer(nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True))[0].data


RECURRENT = {
    "LSTM": (nn.LSTM(8, 6, 2, bidirectional=True), None, 10 * 2 * 24 * (8 + 6 + 12 + 6)),
    "LSTM, projected": (nn.LSTM(8, 6, proj_size=3), None, 10 * (24 * (8 + 3) + 6 * 3)),
    "LSTM, packed": (nn.LSTM(8, 6, batch_first=True), packed, 8 * 24 * 14),
    "GRU": (nn.GRU(8, 6), None, 10 * 18 * 14),
    "GRU, packed": (nn.GRU(8, 6, batch_first=True), packed, 8 * 18 * 14),
    "RNN": (nn.RNN(8, 6), None, 10 * 6 * 14),
    "RNN, ReLU": (nn.RNN(8, 6, nonlinearity="relu"), None, 10 * 6 * 14),
    "cell": (nn.LSTMCell(8, 6), lambda cell, x: cell(x[0]), 5 * 24 * 14),
}


@pytest.mark.parametrize(("layer", "call", "macs"), RECURRENT.values(), ids=RECURRENT)
def test_recurrent_layers(layer, call, macs):
    assert both(layer if call is None else Calling(call, layer), TOKENS) == macs


ACTIVATIONS = [
    *(
        activation(**inplace)
        for activation in (
            nn.CELU, nn.ELU, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU, nn.Mish,
            nn.ReLU6, nn.RReLU, nn.SELU, nn.SiLU,
        )
        for inplace in ({}, {"inplace": True})
    ),
    nn.GELU(), nn.GELU("tanh"), nn.Hardshrink(), nn.LogSigmoid(), nn.PReLU(), nn.Sigmoid(),
    nn.Softplus(), nn.Softshrink(), nn.Tanh(), nn.Threshold(0.1, 0), nn.Threshold(0.1, 0, True),
]  # fmt: skip


def everything(network, x):
    """What both counters see, which has to be the same."""
    by_fvcore = count_by_fvcore(network, x.clone())[""]
    by_torch = count_by_torch(network, x.clone())
    assert not by_torch.uncounted
    assert by_fvcore == by_torch.by_module[""]
    return dict(by_fvcore)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_activations_are_elementwise(activation):
    assert everything(activation, IMAGE) == {"elementwise": 672}


ELSE = {
    "ReLU": (nn.ReLU(True), {"relu": 672}),
    "GLU": (nn.GLU(1), {"elementwise": 336}),
    "softsign": (nn.Softsign(), {"elementwise": 1344, "add": 672}),
    "softmax": (nn.Softmax(1), {"softmax": 5 * 672}),
    "log softmax": (nn.LogSoftmax(1), {"softmax": 5 * 672}),
    "batch norm": (nn.BatchNorm2d(8), {"batch_norm": 2 * 672}),
    "batch norm, plain": (nn.BatchNorm2d(8, affine=False), {"batch_norm": 672}),
    "batch norm of the batch": (nn.BatchNorm2d(8, track_running_stats=False), {"norm": 5 * 672}),
    "layer norm": (nn.LayerNorm(7), {"norm": 5 * 672}),
    "layer norm, plain": (nn.LayerNorm(7, elementwise_affine=False), {"norm": 4 * 672}),
    "group norm": (nn.GroupNorm(2, 8), {"norm": 5 * 672}),
    "instance norm": (nn.InstanceNorm2d(8), {"norm": 4 * 672}),
    "local response": (
        nn.LocalResponseNorm(1),
        {"mul": 2 * 672, "pool": 672, "add": 672, "elementwise": 2 * 672},
    ),
    "max pooling": (nn.MaxPool2d(2), {"pool": 672}),
    "average pooling": (nn.AvgPool2d(3, 2, 1), {"pool": 672}),
    "adaptive pooling": (nn.AdaptiveAvgPool2d(3), {"pool": 672}),
    "global pooling": (nn.AdaptiveAvgPool2d(1), {"pool": 672}),
    "adaptive max pooling": (nn.AdaptiveMaxPool2d(2), {"pool": 672}),
    "fractional pooling": (nn.FractionalMaxPool2d(2, output_size=3), {"pool": 672}),
    "power pooling": (
        nn.LPPool2d(2, 2),
        {"elementwise": 672 + 3 * 144, "pool": 672, "relu": 144, "mul": 288},
    ),
    "bilinear": (nn.Upsample(scale_factor=2, mode="bilinear"), {"interpolation": 16 * 672}),
    "bicubic": (nn.Upsample(scale_factor=2, mode="bicubic"), {"interpolation": 64 * 672}),
    "grid": (
        Calling(lambda x: F.grid_sample(x, torch.zeros(2, 3, 3, 2), align_corners=False)),
        {"interpolation": 4 * 2 * 8 * 9},
    ),
    "moved": (
        Calling(lambda x: torch.stack(x.roll(1, 2).split(4, 1)).flatten(1)[:, [0, 1]]),
        {},
    ),
    "shuffled": (nn.Sequential(nn.PixelShuffle(2), nn.PixelUnshuffle(2), nn.ChannelShuffle(2)), {}),
    "padded": (nn.Sequential(nn.ZeroPad2d(1), nn.ReflectionPad2d(1), nn.CircularPad2d(1)), {}),
    "dropout": (nn.Sequential(nn.Dropout(), nn.Dropout2d(), nn.AlphaDropout()), {}),
    "embedding": (Calling(lambda e, x: e(x.long()), nn.Embedding(3, 5)), {}),
    "bag": (Calling(lambda e, x: e(x[0, 0].long()), nn.EmbeddingBag(3, 5)), {"pool": 42 * 5}),
    "unfolded": (nn.Unfold(2), {}),
}  # fmt: skip


@pytest.mark.parametrize(("network", "counts"), ELSE.values(), ids=ELSE)
def test_what_is_no_linear_map_is_told_apart(network, counts):
    assert everything(network, IMAGE) == counts


def test_an_rms_norm_is_one_operator_or_its_parts():
    """A trace has one name for it; what is dispatched are its square, mean, root and product."""
    assert dict(count_by_fvcore(nn.RMSNorm(7), IMAGE)[""]) == {"norm": 4 * 672}
    assert both(nn.RMSNorm(7), IMAGE) == 0


def test_interpolation_by_the_nearest_is_a_choice():
    assert not count_by_fvcore(nn.Upsample(scale_factor=2), IMAGE)[""]
    assert both(nn.Upsample(scale_factor=2), IMAGE) == 0


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda x: torch.fft.fft2(x).real, "aten::fft_fft2"),
        (lambda x: torch.linalg.svdvals(x), "aten::linalg_svdvals"),
        (lambda x: torch.cdist(x, x), "aten::cdist"),
    ],
)
def test_an_operator_without_a_count_is_refused_by_name(function, name):
    with pytest.raises(UncountedOperator, match=f"no count for operator {name}, .*register_macs"):
        count_by_fvcore(Calling(function), IMAGE)
    assert count_by_torch(Calling(function), IMAGE).uncounted


INDEX = torch.tensor([0, 2, 1, 1])

WITHOUT_MACS = {
    "scatter_add": lambda x: torch.zeros(4, 5).scatter_add(0, torch.zeros_like(x).long(), x),
    "index_add": lambda x: torch.zeros(4, 5).index_add(0, INDEX, x),
    "scatter_reduce": lambda x: x.scatter_reduce(0, torch.zeros_like(x).long(), x, "amax"),
    "nan_to_num": torch.nan_to_num,
    "logaddexp": lambda x: torch.logaddexp(x, x),
    "complex": lambda x: torch.complex(x, x).real,
    "polar": lambda x: torch.polar(x, x).abs(),
    "vecdot": lambda x: torch.linalg.vecdot(x, x),
    "flips": lambda x: torch.fliplr(torch.flipud(x)),
    "cumprod": lambda x: x.cumprod(1),
    "trace": torch.trace,
    "window": lambda x: x * torch.hann_window(5),
    "gumbel_softmax": F.gumbel_softmax,
    "cross": lambda x: torch.linalg.cross(x[:, :3], x[:, :3]),
    "diff": torch.diff,
    "xlogy": lambda x: torch.xlogy(x, x),
    "nansum": torch.nansum,
}


@pytest.mark.parametrize("name", WITHOUT_MACS)
def test_what_is_no_linear_map_is_known_to_both_counters(name):
    assert both(Calling(WITHOUT_MACS[name]), torch.rand(4, 5)) == 0


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (
            lambda x: torch.fft.fft2(x).real,
            "one of torch's own gets a count inside a torch.library",
        ),
        (lambda x: x * torch.tensor([[1.0, 2, 3, 4, 5, 6, 7]]), "register it as a buffer"),
        (lambda x: x * torch.from_numpy(x.numpy() ** 2), "register it as a buffer"),
    ],
)
def test_what_has_no_count_says_what_to_do(function, told):
    with pytest.raises(UncountedOperator, match=told) as refused:
        macs_by_counter(Calling(function), IMAGE)
    assert "an operator of your own" not in str(refused.value)
