"""What a record is kept under. No torch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Protocol

from ablations.study.variants import Variant


class Keyed(Protocol):
    """A record that says what it is of."""

    @property
    def variant(self) -> Variant: ...
    @property
    def settings(self) -> Mapping[str, object]: ...
    @property
    def device(self) -> str: ...


@dataclass(frozen=True)
class RecordKey:
    """What decides the numbers of a record on one machine.

    Attributes:
        variant: Of it the network alone; what differs in its training is in the settings, which
            another study may share with all its variants.
        settings: See `Setup.identity`.
        data: See `ImageData.fingerprint`.
        device: "cpu" or "cuda".
        seed: None for a timing.
    """

    variant: Variant
    settings: Mapping[str, object]
    data: str
    device: str
    seed: int | None = None

    def stem(self, format: int) -> str:
        """The name of the record's files, without their ending. format: of the record."""
        identity = [
            format,
            asdict(self.variant.network),
            self.seed,
            dict(self.settings),
            self.data,
            self.device,
        ]
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]
        seeded = [] if self.seed is None else [f"seed{self.seed}"]
        return "-".join([self.variant.slug, *seeded, digest])

    @property
    def subject(self) -> dict[str, object]:
        """What it is of, the images aside; JSON values."""
        return {
            "network": asdict(self.variant.network),
            "seed": self.seed,
            "settings": dict(self.settings),
            "device": self.device,
        }

    def answered_by(self, record: Keyed) -> bool:
        """Whether it is the record that this key asks for."""
        mine = (self.variant.network, self.seed, dict(self.settings), self.device)
        seed, images = getattr(record, "seed", None), getattr(record, "images", None)
        its = (record.variant.network, seed, dict(record.settings), record.device)
        return mine == its and images in (None, self.data)  # a timing names no images
