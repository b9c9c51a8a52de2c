"""The error for what would be counted as zero. No torch."""

_FROM_NUMBERS = "aten::lift_fresh"
_TORCHS = ("aten::", "prim::", "prims::")


class UncountedOperator(RuntimeError):
    """The network runs an operator that would be counted as zero."""

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
