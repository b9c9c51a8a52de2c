"""Checks of a run before anything heavy is imported. No torch, except for a user's code."""

from collections.abc import Iterator
from dataclasses import dataclass

from ablations.networks.network import Network
from ablations.own_code import is_own_code
from ablations.study.run_settings import RunSettings
from ablations.study.study import Study
from ablations.study.variants import architecture_of
from involution_core.generators.forms import reduction_ratio_of
from involution_core.networks.architectures import STEM_GROUP_CHANNELS, Architecture


@dataclass(frozen=True)
class Mismatch:
    """A level that does not fit a network. axis: its axis or setting."""

    axis: str
    level: object
    problem: str


_SQUARE = "training needs square images; with --no-train oblong ones are counted"


def mismatches(study: Study, settings: RunSettings) -> list[Mismatch]:
    """Return all levels that do not fit, each once.

    Checked are group channels and r, which must divide the channels of every bottleneck, widths
    that the stem allows, square images for training, and a user's code, which must build a network
    of the size.
    """
    networks = [
        (network, architecture_of(model, network))
        for network in dict.fromkeys(variant.network for variant in study.variants.values())
        for model in settings.models
    ]
    found = [mismatch for pair in networks for mismatch in _mismatches(*pair)]
    if settings.train is not None:
        found += [
            Mismatch("image_size", network.image_size, _SQUARE)
            for network, _ in networks
            if isinstance(network.image_size, str)
        ]
    if not found:
        found = [mismatch for pair in networks for mismatch in _broken(*pair)]
    return list({(mismatch.axis, mismatch.level): mismatch for mismatch in found}.values())


def _broken(network: Network, architecture: Architecture) -> Iterator[Mismatch]:
    if not network.own_code:
        return
    from ablations.run.own_networks import check_own_code  # imports torch

    try:
        check_own_code(network, architecture)
    except ValueError as error:
        axis = "family" if network.own_code[0] == network.family else "generator"
        yield Mismatch(axis, network.own_code[0], str(error))


def _mismatches(network: Network, architecture: Architecture) -> Iterator[Mismatch]:
    if not network.kind.has_involutions:
        return
    width = architecture.width
    multiple = 2 * STEM_GROUP_CHANNELS
    if architecture.stem == "imagenet" and width % multiple:
        problem = f"must be a multiple of {multiple} in {architecture.name}, as its stem requires"
        yield Mismatch("width", width, problem)
    divisors = [n for n in range(1, width + 1) if width % n == 0]
    listed = ", ".join(map(str, divisors))
    if network.group_channels != "C" and network.group_channels not in divisors:
        yield Mismatch(
            "group_channels",
            network.group_channels,
            f"must divide the channels of every layer of {architecture.name}; allowed: {listed}, C",
        )
    if not is_own_code(network.generator):
        ratio = reduction_ratio_of(network.generator)
        if ratio is not None and ratio not in divisors:
            yield Mismatch(
                "generator",
                network.generator,
                f"r must divide the channels of every layer of {architecture.name}; "
                f"allowed: {listed}",
            )
