"""The error for what would be counted as zero. No torch."""

_TORCHS = ("aten::", "prim::", "prims::")


class UncountedOperator(RuntimeError):
    """The network runs an operator that would be counted as zero."""

    def __init__(self, names: set[str]) -> None:
        own = [name for name in names if not name.startswith(_TORCHS)]
        way_out = (
            "involution_core.register_macs gives one to an operator of your own"
            if own
            else "torch's own get none: put what needs it into a torch.library.custom_op, to which "
            "involution_core.register_macs gives one"
        )
        super().__init__(
            f"no count for operator {', '.join(sorted(names))}, which would be counted as zero; "
            f"{way_out}"
        )
