"""What is trained and timed: a variant with its settings, its images and its first weights."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

from ablations.data.images import ImageData, drops_last
from ablations.data.registry import OnLook, Wanted, load_data
from ablations.networks.builders import build
from ablations.networks.network import Network
from ablations.own_code import fingerprint, sources
from ablations.records.key import RecordKey
from ablations.study.named_code import own_code_of
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant, architecture_of
from involution_core.generators import Span
from involution_core.networks import Bottleneck


@dataclass(frozen=True)
class Setup:
    """One variant, ready for training. settings: its own, `TrainSettings.for_variant`."""

    variant: Variant
    settings: TrainSettings
    data: ImageData

    def identity(self) -> dict[str, object]:
        """What decides its numbers, besides the network, the seed and the device; JSON values."""
        code = {spec: fingerprint(spec) for spec in self.variant.own_code}
        settings = self.settings.identity() | {"dataset": self.data.name}
        return {**settings, **({"code": code} if code else {})}

    def key(self, device: torch.device, seed: int | None = None) -> RecordKey:
        """What its trial with `seed`, or without one its timing, is kept under."""
        return RecordKey(self.variant, self.identity(), self.images, device.type, seed)

    @property
    def images(self) -> str:
        """What it is trained and tested on, as a digest in words."""
        left_out = drops_last(self.data.train_size, self.settings.batch_size)
        return self.data.fingerprint + (" without a last batch of one" if left_out else "")

    @property
    def kind(self) -> tuple[Network, str, int, int]:
        """What two setups share whose networks differ in their weights alone, on images of one
        size."""
        return self.variant.network, self.settings.model, self.data.classes, self.data.image_size

    def network(self, seed: int) -> nn.Module:
        """The network that is trained, its weights drawn from `seed`, on the CPU."""
        architecture = architecture_of(self.settings.model, self.variant)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = build(architecture, self.variant, self.data.classes)
        initialise(network, self.settings)
        return network


def wanted_images(variant: Variant, settings: TrainSettings) -> Wanted:
    """What a variant, with its own settings, is trained and tested on."""
    assert not isinstance(variant.image_size, str), "oblong images are counted alone"
    return Wanted(
        settings.dataset,
        settings.split,
        settings.data_dir,
        variant.image_size,
        settings.architecture.image_size,
        settings.workers,
        settings.skip_bad_images,
    )


def sources_of(variant: Variant, settings: TrainSettings) -> tuple[tuple[str, str], ...]:
    """The files of a user's code that a variant's trial runs, with digests; see `sources`."""
    return tuple(sources(own_code_of(variant, settings)).items())


def setups_of(
    variants: Iterable[Variant],
    settings: TrainSettings,
    loaded: dict[Wanted, ImageData],
    on_look: OnLook = lambda done, of: None,
) -> list[Setup]:
    """One setup for each variant; every data set is loaded once.

    Args:
        variants: Each once.
        settings: Of the run.
        loaded: The data sets that are there already, to which the others are added.
        on_look: See the registry.

    Raises:
        SettingError: In one line, for a data set that is not there.
    """
    setups = []
    for variant in variants:
        own = settings.for_variant(variant)
        wanted = wanted_images(variant, own)
        if wanted not in loaded:
            loaded[wanted] = load_data(wanted, on_look)
        setups.append(Setup(variant, own, loaded[wanted]))
    return setups


SMALL = 0.1
"""Of He et al.'s deviation."""


@torch.no_grad()
def initialise(network: nn.Module, settings: TrainSettings) -> None:
    """Changes the initial weights of `network` as the settings say."""
    for module in network.modules():
        if settings.zero_gamma == "yes" and isinstance(module, Bottleneck):
            nn.init.zeros_(module.bn3.weight)
        if settings.span_init != "he" and isinstance(module, Span):
            module.weight.mul_(SMALL)
            if settings.span_init == "centre":
                _centre(module)


def _centre(span: Span) -> None:
    """The bias makes every kernel one tap, that of the pixel itself."""
    assert span.bias is not None
    kernels = span.bias.view(span.shape)
    kernels.zero_()
    kernels[:, span.shape[1] // 2, span.shape[2] // 2] = 1
