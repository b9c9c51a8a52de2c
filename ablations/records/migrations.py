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


_RECIPE_OF_2: Values = {
    "optimizer": "sgd",
    "momentum": 0.9,
    "weight_decay": 1e-4,
    "label_smoothing": 0.1,
}
"""What every trial was trained with before these were settings."""


def _from_2(values: Values) -> Values:
    """In format 3 a proof has a `name` for `value` and `torch_macs` for `witness_macs`, and the
    recipe and the threads of a trial are among the settings."""
    renamed = {"value": "name", "witness_macs": "torch_macs"}
    proofs = {
        study: [_renamed(proof, renamed) for proof in proofs]
        for study, proofs in values["proofs"].items()
    }
    settings = values["settings"]
    if settings["train"] is not None:
        train = {**settings["train"], **_unsaid_in_2(values["environment"])}
        settings = {**settings, "train": train}
    recorded = {kind: list(map(_with_unsaid, values[kind])) for kind in ("records", "timings")}
    return {**values, **recorded, "format": 3, "settings": settings, "proofs": proofs}


def _with_unsaid(record: Values) -> Values:
    settings = {**record["settings"], **_unsaid_in_2(record["environment"])}
    return {**record, "settings": settings}


def _unsaid_in_2(environment: Mapping[str, str]) -> Values:
    """Trials took as many threads as torch did on their machine."""
    return {**_RECIPE_OF_2, "threads": int(environment.get("threads", 1))}


def _renamed(fields: Mapping[str, Any], names: Mapping[str, str]) -> Values:
    return {names.get(name, name): value for name, value in fields.items()}


_STEPS: Mapping[int, Callable[[Values], Values]] = {2: _from_2}
"""Format -> what makes the next one of it."""

OLDEST = min(_STEPS)
"""The earliest format that is still read."""
