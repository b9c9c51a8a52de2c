"""The images of trials, and the specs that name them."""

from collections.abc import Iterable

import torch

from ablations.data.images import ImageData, drops_last
from ablations.data.registry import DataRequest, OnLook, load_data
from ablations.own_code import fingerprint, sources
from ablations.study.train_settings import TrainSettings, own_code_of
from ablations.study.variants import Variant
from ablations.training.trial_spec import Digests, Spec, TimingSpec, TrialSpec


class DataSets:
    """The data sets of this process, each loaded once.

    Args:
        on_look: Told how many images have been looked at; see `registry.OnLook`.

    Attributes:
        loaded: Those that are loaded.
    """

    def __init__(self, on_look: OnLook = lambda done, of: None) -> None:
        self.loaded: dict[DataRequest, ImageData] = {}
        self._on_look = on_look

    def load(self, variant: Variant, settings: TrainSettings) -> ImageData:
        """Return the images of a variant with its own settings.

        Raises:
            SettingError: In one line, if the data set cannot be loaded.
        """
        request = data_request(variant, settings)
        if request not in self.loaded:
            self.loaded[request] = load_data(request, self._on_look)
        return self.loaded[request]

    def of(self, spec: Spec) -> ImageData:
        """Return the images of a trial or a timing; see `load`."""
        return self.load(spec.variant, spec.settings)

    def unchanged(self, spec: TrialSpec) -> ImageData:
        """Return the images of a trial, if they and its code are what its spec says.

        Raises:
            RuntimeError: If the user's code or the images changed since the run began.
            SettingError: As `load`.
        """
        here = dict(_sources(spec.variant, spec.settings))
        for file, digest in spec.sources:
            if here.get(file, digest) != digest:
                raise RuntimeError(f"{file} was changed during the run")
        data = self.of(spec)
        if data_fingerprint(data, spec.settings) != spec.data_fingerprint:
            raise RuntimeError(f"{data.description}: changed during the run")
        return data


def data_request(variant: Variant, settings: TrainSettings) -> DataRequest:
    """Return the request for the images of a variant with its own settings."""
    assert not isinstance(variant.image_size, str), "oblong images are counted only"
    return DataRequest(
        settings.dataset,
        settings.split,
        settings.data_dir,
        variant.image_size,
        settings.architecture.image_size,
        settings.workers,
        settings.skip_bad_images,
    )


def data_fingerprint(data: ImageData, settings: TrainSettings) -> str:
    """Return the digest of the images that a trial trains and tests on, in words."""
    left_out = drops_last(data.train_size, settings.batch_size)
    return data.fingerprint + (" without a last batch of one" if left_out else "")


def timing_spec(
    variant: Variant, settings: TrainSettings, device: torch.device, data: ImageData
) -> TimingSpec:
    """Return the spec of a variant with its own settings and images."""
    code = tuple((spec, fingerprint(spec)) for spec in variant.own_code)
    digest, files = data_fingerprint(data, settings), _sources(variant, settings)
    return TimingSpec(variant, settings, device.type, digest, code, files)


def timing_specs(
    variants: Iterable[Variant], settings: TrainSettings, device: torch.device, data_sets: DataSets
) -> list[TimingSpec]:
    """Return the spec of each variant, whose images are loaded for it.

    Args:
        variants: The variants.
        settings: Settings of the run.
        device: Where they are trained.
        data_sets: Data sets of this process.

    Raises:
        SettingError: In one line, if a data set cannot be loaded.
    """
    found = []
    for variant in variants:
        own = settings.for_variant(variant)
        found.append(timing_spec(variant, own, device, data_sets.load(variant, own)))
    return found


def _sources(variant: Variant, settings: TrainSettings) -> Digests:
    return tuple(sources(own_code_of(variant, settings)).items())
