"""The studies: variants, their costs and the proof of them, data, training, records."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ablations.results.results import load_results

__all__ = ["load_results"]


def __getattr__(name: str) -> object:
    """Imports `load_results` when it is first asked for, with what it needs."""
    if name == "load_results":
        from ablations.results.results import load_results

        return load_results
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
