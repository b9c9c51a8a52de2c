"""What is to be trained and timed: every variant with the settings and the images it is due."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from ablations.data.images import ImageData
from ablations.data.sources import load_data
from ablations.networks.builders import build
from ablations.own_code import fingerprint
from ablations.study.settings import TrainSettings
from ablations.study.study import Study, distinct_variants
from ablations.study.variants import Variant, architecture_of


@dataclass(frozen=True)
class Job:
    """One variant. settings: its own, `TrainSettings.for_variant`."""

    variant: Variant
    settings: TrainSettings
    data: ImageData

    def identity(self) -> dict[str, object]:
        """What decides its numbers, besides the network, the seed and the device; JSON values."""
        code = {spec: fingerprint(spec) for spec in self.variant.own_code}
        return {**self.settings.identity(), **({"code": code} if code else {})}

    def network(self, seed: int) -> nn.Module:
        """The network that is trained, its weights drawn from `seed`, on the CPU."""
        architecture = architecture_of(self.settings.model, self.variant)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return build(architecture, self.variant, self.data.classes)


def make_jobs(studies: Sequence[Study], settings: TrainSettings) -> list[Job]:
    """One job for each variant; every data set is loaded once.

    Raises SettingError, in one line, for a data set that is not there.
    """
    image_size = settings.architecture.image_size
    loaded: dict[str, ImageData] = {}
    jobs = []
    for variant in distinct_variants(studies):
        own = settings.for_variant(variant)
        if own.dataset not in loaded:
            loaded[own.dataset] = load_data(own.dataset, own.data_dir, image_size, own.split)
        jobs.append(Job(variant, own, loaded[own.dataset]))
    return jobs
