"""The error for what would be counted as zero. No torch."""


class UncountedOperator(RuntimeError):
    """The network runs an operator that would be counted as zero."""

    def __init__(self, names: set[str]) -> None:
        super().__init__(
            f"no count for operator {', '.join(sorted(names))}, which would be counted as zero; "
            "involution_core.register_macs gives one to an operator of your own"
        )
        self.names = names

    def __reduce__(self) -> tuple[type["UncountedOperator"], tuple[set[str]]]:
        return UncountedOperator, (self.names,)  # it can come from another process
