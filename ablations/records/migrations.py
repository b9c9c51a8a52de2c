"""Saved runs of earlier formats, brought to the present one. No torch."""

from collections.abc import Callable, Mapping
from typing import Any

Values = dict[str, Any]
"""A saved run as JSON values."""


def migrate(values: Values) -> Values:
    """The run in the latest format that its format leads to; of the present one, as it is.

    Args:
        values: With a "format"; they are not changed.

    Raises:
        KeyError, TypeError or AttributeError: Where a part is missing or is something else.
    """
    while (step := _STEPS.get(values["format"])) is not None:
        values = step(values)
    return values


def _from_2(values: Values) -> Values:
    """In format 3 a proof has a `name` for `value` and `torch_macs` for `witness_macs`."""
    renamed = {"value": "name", "witness_macs": "torch_macs"}
    proofs = {
        study: [_renamed(proof, renamed) for proof in proofs]
        for study, proofs in values["proofs"].items()
    }
    return {**values, "format": 3, "proofs": proofs}


def _renamed(fields: Mapping[str, Any], names: Mapping[str, str]) -> Values:
    return {names.get(name, name): value for name, value in fields.items()}


_STEPS: Mapping[int, Callable[[Values], Values]] = {2: _from_2}
"""Format -> what makes the next one of it."""

OLDEST = min(_STEPS)
"""The earliest format that is still read."""
