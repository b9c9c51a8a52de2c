"""Saved runs and records of earlier formats, brought to the present one. No torch."""

from collections.abc import Callable, Mapping
from typing import Any

Values = dict[str, Any]
"""A saved run, or a record, as JSON values."""

Step = Callable[[Values], Values]
"""What makes values of the next format; it does not change its argument."""


def migrate(values: Values, steps: Mapping[int, Step]) -> Values:
    """Values in the latest format that theirs leads to; of the present one, as they are.

    Args:
        values: With a "format"; they are not changed.
        steps: By the format that they start from.

    Raises:
        KeyError, TypeError or AttributeError: Where a part is missing or is something else.
    """
    while (step := steps.get(values["format"])) is not None:
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

_COUNTERS_OF_3 = ["fvcore", "FlopCounterMode"]
"""There was no proof without both."""

_STEPS_OF_4: Values = {
    "accumulate": 1,
    "warmup": "10%",
    "warmup_from": 0.0,
    "precision": "fp32",
}
"""How every step was before these were settings."""

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


def _from_3(values: Values) -> Values:
    """In format 4 the file has a checksum, and a proof `counted_macs` for `fvcore_macs` and who
    counted."""
    proofs = {
        study: [
            {**_renamed(proof, {"fvcore_macs": "counted_macs"}), "counters": _COUNTERS_OF_3}
            for proof in proofs
        ]
        for study, proofs in values["proofs"].items()
    }
    return {**values, "format": 4, "proofs": proofs}


def _from_4(values: Values) -> Values:
    """In format 5 the settings say more of a step. Its records need not: see Setting.later."""
    settings = values["settings"]
    if settings["train"] is not None:
        settings = {**settings, "train": {**settings["train"], **_STEPS_OF_4}}
    return {**values, "format": 5, "settings": settings}


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


def _record_from_3(values: Values) -> Values:
    """Format 4 has a checksum in the file, tells more of the environment, and of a trial its
    images."""
    return {**values, "format": 4}


RUN_STEPS: Mapping[int, Step] = {2: _from_2, 3: _from_3, 4: _from_4}
TRIAL_STEPS: Mapping[int, Step] = {3: _record_from_3}
TIMING_STEPS: Mapping[int, Step] = {3: _record_from_3}
