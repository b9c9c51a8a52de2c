"""Operators that cost nothing, with the reason. No torch."""

_REASONS: dict[str, tuple[str, ...]] = {
    "a view or a copy: no arithmetic": (
        "alias", "as_strided", "atleast_1d", "atleast_2d", "atleast_3d", "block_diag",
        "broadcast_tensors", "broadcast_to", "cat", "channel_shuffle", "chunk", "clone",
        "column_stack", "concat", "concatenate", "_conj", "constant_pad_nd", "contiguous", "copy",
        "detach", "diag", "diagonal", "dstack", "expand", "expand_as", "fill", "flatten", "flip",
        "hstack", "im2col", "imag", "masked_fill", "masked_scatter", "max_unpool2d",
        "max_unpool3d", "meshgrid", "mH", "moveaxis", "movedim", "mT", "narrow",
        "native_channel_shuffle", "numpy_T", "_pack_padded_sequence", "pad", "_pad_packed_sequence",
        "pad_sequence", "permute", "pixel_shuffle", "pixel_unshuffle", "real", "reflection_pad1d",
        "reflection_pad2d", "reflection_pad3d", "repeat", "repeat_interleave", "replication_pad1d",
        "replication_pad2d", "replication_pad3d", "reshape", "_reshape_alias", "reshape_as",
        "resolve_conj", "resolve_neg", "roll", "rot90", "select", "slice", "slice_scatter", "split",
        "split_with_sizes", "squeeze", "stack", "swapaxes", "swapdims", "t", "tensor_split", "tile",
        "to", "_to_copy", "transpose", "tril", "triu", "type_as", "unbind", "unflatten", "unfold",
        "unsafe_chunk", "unsafe_split", "_unsafe_view", "unsqueeze", "view", "view_as",
        "view_as_complex", "view_as_real", "vstack", "where", "zero",
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
        "arange", "empty", "empty_like", "empty_strided", "eye", "full", "full_like", "linspace",
        "new_empty", "new_empty_strided", "new_full", "new_ones", "new_zeros", "one_hot", "ones",
        "ones_like", "scalar_tensor", "tril_indices", "triu_indices", "zeros", "zeros_like",
    ),
    "a number of the program, not of the data": (
        "Bool", "dim", "Float", "FloatImplicit", "Int", "IntImplicit", "item",
        "_local_scalar_dense", "numel", "ScalarImplicit", "size",
    ),
    "random numbers": (
        "bernoulli", "normal", "rand", "rand_like", "randint", "randn", "randn_like", "randperm",
        "uniform",
    ),
    "does nothing when a network is evaluated": (
        "alpha_dropout", "dropout", "feature_alpha_dropout", "feature_dropout", "native_dropout",
    ),
}  # fmt: skip

UNCOUNTED = {f"aten::{name}": reason for reason, names in _REASONS.items() for name in names}
"""Operator -> why it costs nothing."""
