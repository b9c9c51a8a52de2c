"""Operators without a count: those that cost nothing, and the error for all others. No torch."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ablations.costs.operators.formula import Formula, Shape

_REASONS: dict[str, tuple[str, ...]] = {
    "a view or a copy: no arithmetic": (
        "alias", "as_strided", "atleast_1d", "atleast_2d", "atleast_3d", "block_diag",
        "broadcast_tensors", "broadcast_to", "cat", "channel_shuffle", "chunk", "clone",
        "column_stack", "complex", "concat", "concatenate", "_conj", "constant_pad_nd",
        "contiguous", "copy", "detach", "diag", "diagonal", "dstack", "expand", "expand_as", "fill",
        "flatten", "flip", "fliplr", "flipud", "hstack", "im2col", "imag", "masked_fill",
        "masked_scatter", "max_unpool2d", "max_unpool3d", "meshgrid", "mH", "moveaxis", "movedim",
        "mT", "narrow", "native_channel_shuffle", "numpy_T", "_pack_padded_sequence", "pad",
        "_pad_packed_sequence", "pad_sequence", "permute", "pixel_shuffle", "pixel_unshuffle",
        "real", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d", "repeat",
        "repeat_interleave", "replication_pad1d", "replication_pad2d", "replication_pad3d",
        "reshape", "_reshape_alias", "reshape_as", "resolve_conj", "resolve_neg", "roll", "rot90",
        "select", "slice", "slice_scatter", "split", "split_with_sizes", "squeeze", "stack",
        "swapaxes", "swapdims", "t", "tensor_split", "tile", "to", "_to_copy", "transpose", "tril",
        "triu", "type_as", "unbind", "unflatten", "unfold", "unsafe_chunk", "unsafe_split",
        "_unsafe_view", "unsqueeze", "view", "view_as", "view_as_complex", "view_as_real", "vstack",
        "where", "zero",
    ),
    "a choice of elements: no arithmetic": (
        "argsort", "embedding", "gather", "index", "index_copy", "index_put", "index_select",
        "masked_select", "nonzero", "scatter", "sort", "take", "take_along_dim", "topk",
        "_unsafe_index", "upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d",
        "_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "_upsample_nearest_exact3d",
    ),
    "a comparison of data or of sizes": (
        "all", "__and__", "any", "bitwise_and", "bitwise_not", "bitwise_or", "bucketize", "eq",
        "equal", "ge", "gt", "__iand__", "__ior__", "isfinite", "isin", "isinf", "isnan", "le",
        "logical_and", "logical_not", "logical_or", "logical_xor", "lt", "ne", "__or__",
        "searchsorted", "__xor__",
    ),
    "made of sizes alone": (
        "arange", "bartlett_window", "blackman_window", "empty", "empty_like", "empty_strided",
        "eye", "full", "full_like", "hamming_window", "hann_window", "kaiser_window", "linspace",
        "logspace", "new_empty", "new_empty_strided", "new_full", "new_ones", "new_zeros",
        "one_hot", "ones", "ones_like", "scalar_tensor", "tril_indices", "triu_indices", "zeros",
        "zeros_like",
    ),
    "a number of the program, not of the data": (
        "Bool", "dim", "Float", "FloatImplicit", "Int", "IntImplicit", "item",
        "_local_scalar_dense", "numel", "ScalarImplicit", "size",
    ),
    "random numbers": (
        "bernoulli", "exponential", "multinomial", "normal", "rand", "rand_like", "randint",
        "randn", "randn_like", "randperm", "uniform",
    ),
    "does nothing when a network is evaluated": (
        "alpha_dropout", "dropout", "feature_alpha_dropout", "feature_dropout", "native_dropout",
    ),
}  # fmt: skip

UNCOUNTED = {f"aten::{name}": reason for reason, names in _REASONS.items() for name in names}
"""Operator -> why it costs nothing."""

_FROM_NUMBERS = "aten::lift_fresh"
_TORCHS = ("aten::", "prim::", "prims::")


class UncountedOperator(RuntimeError):
    """A network runs an operator without a count, which would count as zero."""

    def __init__(self, names: set[str]) -> None:
        told = {_what_to_do(name): None for name in sorted(names)}
        super().__init__(
            f"no count for operator {', '.join(sorted(names))}, which would be counted as zero; "
            + "; ".join(told)
        )
        self.names = names

    def __reduce__(self) -> tuple[type["UncountedOperator"], tuple[set[str]]]:
        return UncountedOperator, (self.names,)  # it can come from another process


def _what_to_do(name: str) -> str:
    if name == _FROM_NUMBERS:
        return (
            f"{name} makes a tensor of numpy's or Python's numbers, and no counter sees what they "
            "come from: make a constant once, and register it as a buffer"
        )
    if name.startswith(_TORCHS):
        return (
            "one of torch's own gets a count inside a torch.library.custom_op of yours, to which "
            "involution_core.register_macs gives it"
        )
    return "involution_core.register_macs gives one to an operator of your own"


def _lifted(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """Numbers and lists of them are constants; a larger array may have been computed by NumPy,
    where no counter sees it."""
    if any(len(shape) > 1 for shape in outputs):
        raise UncountedOperator({"aten::lift_fresh"})
    return Counter()


CONSTANTS: dict[str, Formula] = {"aten::lift_fresh": _lifted}
