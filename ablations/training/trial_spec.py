"""What decides the numbers of a trial or a timing, and the name of its record. No torch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

from ablations.data.registry import recorded_name
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant

TRIAL_FORMAT = TIMING_FORMAT = 1
"""Formats of the records, raised whenever the same settings would give other numbers, or a record
other fields."""

Digests = tuple[tuple[str, str], ...]
"""Pairs of a name and a digest."""


@dataclass(frozen=True)
class TrialSpec:
    """All that decides the numbers of a trial on one machine.

    Attributes:
        variant: Variant whose network is trained.
        settings: Its own settings; see `TrainSettings.for_variant`.
        seed: Seed of weights, images and whatever the network draws in training.
        device: "cpu" or "cuda".
        data_fingerprint: Digest of the images, in words.
        code: Digests of the user's code that builds the network, by module:object.
        sources: Digests of all files of the user's code that the trial runs, by path.
    """

    variant: Variant
    settings: TrainSettings
    seed: int
    device: str
    data_fingerprint: str
    code: Digests = ()
    sources: Digests = ()

    @property
    def identity(self) -> dict[str, object]:
        """The settings that decide its numbers, with the user's code; JSON values."""
        return _identity(self.settings, self.code)

    @cached_property
    def name(self) -> str:
        """Name of its record, claim, log, checkpoint and weights, without ending."""
        key = self.identity, self.data_fingerprint, self.device, self.seed
        return record_name(TRIAL_FORMAT, self.variant, *key)

    @property
    def subject(self) -> dict[str, object]:
        """What its claim says of it, JSON values."""
        return {
            "network": asdict(self.variant.network),
            "seed": self.seed,
            "settings": self.identity,
            "device": self.device,
        }


@dataclass(frozen=True)
class TimingSpec:
    """All that decides what the timing of a variant measures; see `TrialSpec`."""

    variant: Variant
    settings: TrainSettings
    device: str
    data_fingerprint: str
    code: Digests = ()
    sources: Digests = ()

    @property
    def identity(self) -> dict[str, object]:
        """The settings of the training that is timed, with the user's code; JSON values."""
        return _identity(self.settings, self.code)

    @cached_property
    def name(self) -> str:
        """Name of its record, without ending."""
        key = self.identity, self.data_fingerprint, self.device
        return record_name(TIMING_FORMAT, self.variant, *key)

    def trial(self, seed: int) -> TrialSpec:
        """Return the trial that trains the variant with this seed."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return TrialSpec(seed=seed, **fields)


Spec = TrialSpec | TimingSpec


def _identity(settings: TrainSettings, code: Digests) -> dict[str, object]:
    found = settings.identity() | {"dataset": recorded_name(settings.dataset)}
    return {**found, **({"code": dict(code)} if code else {})}


def record_name(
    format: int,
    variant: Variant,
    identity: Mapping[str, object],
    data_fingerprint: str,
    device: str,
    seed: int | None = None,
) -> str:
    """Return the name of a record's file, without ending.

    Args:
        format: Format of the record.
        variant: Only its network counts. What differs in its training is in `identity`, since
            another study may set it for all of its variants.
        identity: Settings that decide the numbers, JSON values.
        data_fingerprint: Digest of the images.
        device: "cpu" or "cuda".
        seed: Seed of a trial; None for a timing.
    """
    key = [format, asdict(variant.network), seed, dict(identity), data_fingerprint, device]
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:12]
    seeded = [] if seed is None else [f"seed{seed}"]
    return "-".join([variant.slug, *seeded, digest])
