"""Operators that are no linear map of the network: reported apart from the multiply-accumulates.

Activations, sums and elementwise products, normalisations, pooling, interpolation. No torch.
"""

from collections import Counter
from collections.abc import Sequence
from math import ceil, prod
from typing import Any

from ablations.costs.formulas import SOFTMAX_OPERATIONS
from ablations.costs.operators.formula import Formula, Shape


def each_output(name: str, operations: int = 1) -> Formula:
    """Return a formula of `operations` per output element."""

    def formula(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
        return Counter({name: operations * prod(outputs[0])})

    return formula


def each_of(name: str, argument: int) -> Formula:
    """Return a formula of 1 per element of the argument at index `argument`."""

    def formula(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
        return Counter({name: prod(arguments[argument])})

    return formula


def normalisation(weight: int, plain: int = 4) -> Formula:
    """Return fvcore's rule: `plain` per input element, one more with a weight.

    weight: index of the weight among the arguments.
    """

    def formula(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
        return Counter(norm=(plain + (arguments[weight] is not None)) * prod(arguments[0]))

    return formula


def batch_norm(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """A factor and a sum for each element; with the batch's own statistics as `normalisation`. The
    first flag says which."""
    own_statistics = next((flag for flag in arguments if isinstance(flag, bool)), False)
    plain = 4 if own_statistics else 1
    name = "norm" if own_statistics else "batch_norm"
    return Counter({name: (plain + (arguments[1] is not None)) * prod(arguments[0])})


def interpolation(taps: int, antialias: bool = False) -> Formula:
    """As many neighbours of each output pixel, along each side; antialiased, those of a window that
    grows with what it shrinks."""

    def formula(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
        before, after = arguments[0][2:], outputs[0][2:]
        shrunk = [
            max(1, ceil(b / a)) if antialias else 1 for b, a in zip(before, after, strict=True)
        ]
        return Counter(interpolation=prod(outputs[0]) * prod(taps * factor for factor in shrunk))

    return formula


def grid_sample(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """Modes 0, 1, 2: linear, nearest, cubic."""
    taps = (2, 1, 4)[arguments[2]]
    return Counter(interpolation=prod(outputs[0]) * taps ** len(outputs[0][2:]))


def embedding_bag(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """Sums of rows of the table (rows, D)."""
    table, indices = arguments[:2]
    return Counter(pool=prod(indices) * table[1])


_FUNCTIONS = (
    "abs", "acos", "acosh", "addcdiv", "addcmul", "asin", "asinh", "atan", "atan2", "atanh", "ceil",
    "celu", "clamp", "clamp_max", "clamp_min", "clip", "cos", "cosh", "cumprod", "cumsum", "diff",
    "div", "divide", "elu", "erf", "erfc", "erfinv", "exp", "exp2", "expm1", "float_power", "floor",
    "floor_divide", "fmod", "frac", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish",
    "hardtanh", "hypot", "leaky_relu", "lerp", "lgamma", "log", "log10", "log1p", "log2",
    "logaddexp", "logaddexp2", "logcumsumexp", "log_sigmoid", "log_sigmoid_forward", "logit",
    "maximum", "minimum", "mish", "nan_to_num", "neg", "negative", "polar", "pow", "prelu",
    "_prelu_kernel", "reciprocal", "relu6", "remainder", "round", "rrelu", "rrelu_with_noise",
    "rsqrt", "rsub", "selu", "sgn", "sigmoid", "sign", "silu", "sin", "sinc", "sinh", "softplus",
    "softshrink", "sqrt", "square", "sub", "subtract", "tan", "tanh", "threshold", "true_divide",
    "trunc", "xlogy",
)  # fmt: skip

_REDUCTIONS = (
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "_adaptive_avg_pool2d",
    "_adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d",
    "amax", "amin", "aminmax", "argmax", "argmin", "avg_pool1d", "avg_pool2d", "avg_pool3d",
    "cosine_similarity", "fractional_max_pool2d", "fractional_max_pool3d", "linalg_norm",
    "linalg_vector_norm", "logsumexp", "max", "max_pool1d", "max_pool1d_with_indices", "max_pool2d",
    "max_pool2d_with_indices", "max_pool3d", "max_pool3d_with_indices", "mean", "median", "min",
    "nansum", "norm", "pairwise_distance", "prod", "std", "std_mean", "sum", "trace", "var",
    "var_mean",
)  # fmt: skip

ELEMENTWISE: dict[str, Formula] = {
    **{f"aten::{name}": each_output("elementwise") for name in _FUNCTIONS},
    **{f"aten::{name}": each_of("pool", 0) for name in _REDUCTIONS},
    "aten::relu": each_output("relu"),
    "aten::add": each_output("add"),
    "aten::col2im": each_of("add", 0),
    **{
        f"aten::{name}": each_of("add", 3)
        for name in ("index_add", "index_reduce", "scatter_add", "scatter_reduce")
    },
    "aten::linalg_cross": each_output("mul", 2),
    "aten::linalg_vecdot": each_of("mul", 0),
    "aten::mul": each_output("mul"),
    "aten::multiply": each_output("mul"),
    **{
        f"aten::{name}": each_output("softmax", SOFTMAX_OPERATIONS)
        for name in ("softmax", "_softmax", "_safe_softmax", "log_softmax", "_log_softmax")
    },
    **{
        f"aten::{name}": batch_norm
        for name in (
            "batch_norm", "native_batch_norm", "cudnn_batch_norm", "_native_batch_norm_legit",
            "_native_batch_norm_legit_no_training", "instance_norm",
        )
    },
    "aten::layer_norm": normalisation(weight=2),
    "aten::native_layer_norm": normalisation(weight=2),
    "aten::group_norm": normalisation(weight=2),
    "aten::native_group_norm": normalisation(weight=1),
    "aten::rms_norm": normalisation(weight=2, plain=3),
    "aten::_fused_rms_norm": normalisation(weight=2, plain=3),
    "aten::_weight_norm": each_output("norm", 3),
    "aten::_weight_norm_interface": each_output("norm", 3),
    **{
        f"aten::upsample_{name}": interpolation(taps)
        for name, taps in (
            ("linear1d", 2), ("bilinear2d", 2), ("trilinear3d", 2), ("bicubic2d", 4),
        )
    },
    "aten::_upsample_bilinear2d_aa": interpolation(2, antialias=True),
    "aten::_upsample_bicubic2d_aa": interpolation(4, antialias=True),
    **{f"aten::grid_sampler{rest}": grid_sample for rest in ("", "_2d", "_3d")},
    "aten::embedding_bag": embedding_bag,
    "aten::_embedding_bag": embedding_bag,
    "aten::_embedding_bag_forward_only": embedding_bag,
}  # fmt: skip
