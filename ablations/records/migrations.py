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
    "decayed": "all",
    "zero_gamma": "no",
    "span_init": "he",
    "averaging": 0.0,
}
"""What every trial was trained with before these were settings."""

_RENAMED_DATASETS = {"digits": "digits-clutter"}
"""The task that was called so is no longer the default."""


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
        train = _trained(settings["train"], values["environment"])
        settings = {**settings, "train": train}
    recorded = {kind: list(map(_recorded, values[kind])) for kind in ("records", "timings")}
    return {**values, **recorded, "format": 3, "settings": settings, "proofs": proofs}


def _recorded(record: Values) -> Values:
    return {**record, "settings": _trained(record["settings"], record["environment"])}


def _trained(settings: Values, environment: Mapping[str, str]) -> Values:
    """Settings of training in format 3. Trials took as many threads as torch did on their
    machine."""
    dataset = settings.get("dataset")
    renamed = {"dataset": _RENAMED_DATASETS[dataset]} if dataset in _RENAMED_DATASETS else {}
    threads = int(environment.get("threads", 1))
    return {**settings, **_RECIPE_OF_2, **renamed, "threads": threads}


def _renamed(fields: Mapping[str, Any], names: Mapping[str, str]) -> Values:
    return {names.get(name, name): value for name, value in fields.items()}


def _from_3(values: Values) -> Values:
    """In format 4 the settings say what becomes of checkpoints, weights and failed trials; what
    they do not say is as by default."""
    return {**values, "format": 4}


_STEPS: Mapping[int, Callable[[Values], Values]] = {2: _from_2, 3: _from_3}
"""Format -> what makes the next one of it."""

OLDEST = min(_STEPS)
"""The earliest format that is still read."""
