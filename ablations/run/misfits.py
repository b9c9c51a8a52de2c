"""What can be said against a run before anything heavy is imported. No torch, but for a
user's own code."""

from collections.abc import Iterator
from dataclasses import dataclass

from ablations.study.settings import RunSettings
from ablations.study.study import Study
from ablations.study.variants import Variant, architecture_of
from involution_core.architectures import STEM_GROUP_CHANNELS, Architecture
from involution_core.forms import reduction_ratio_of


@dataclass(frozen=True)
class Misfit:
    """A level of a study that does not fit a network. axis: what has it, be it varied or not."""

    axis: str
    level: object
    problem: str


def misfits(study: Study, settings: RunSettings) -> list[Misfit]:
    """Every group channels or r that does not divide the channels of every bottleneck of the
    networks that are to be built, every width that the stem cannot have, and all of a user's own
    code that makes no network of that size; each once."""
    networks = [
        (variant, architecture_of(model, variant))
        for variant in dict.fromkeys(variant.network for variant in study.variants.values())
        for model in settings.models
    ]
    found = [misfit for network in networks for misfit in _misfits(*network)]
    if not found:
        found = [misfit for network in networks for misfit in _broken(*network)]
    return list({(misfit.axis, misfit.level): misfit for misfit in found}.values())


def _broken(variant: Variant, architecture: Architecture) -> Iterator[Misfit]:
    if not variant.own_code:
        return
    from ablations.networks.builders import (
        check_own_code,  # with torch, which nothing else here needs
    )

    try:
        check_own_code(variant, architecture)
    except ValueError as error:
        axis = "family" if variant.own_code[0] == variant.family else "generator"
        yield Misfit(axis, variant.own_code[0], str(error))


def _misfits(variant: Variant, architecture: Architecture) -> Iterator[Misfit]:
    if not variant.has_involutions:
        return
    width = architecture.width
    multiple = 2 * STEM_GROUP_CHANNELS
    if architecture.stem == "imagenet" and width % multiple:
        problem = f"must be a multiple of {multiple} in {architecture.name}, whose stem has it so"
        yield Misfit("width", width, problem)
    divisors = [n for n in range(1, width + 1) if width % n == 0]
    listed = ", ".join(map(str, divisors))
    if variant.group_channels != "C" and variant.group_channels not in divisors:
        yield Misfit(
            "group_channels",
            variant.group_channels,
            f"must divide the channels of every layer of {architecture.name}; allowed: {listed}, C",
        )
    if ":" not in variant.generator:
        ratio = reduction_ratio_of(variant.generator)
        if ratio is not None and ratio not in divisors:
            yield Misfit(
                "generator",
                variant.generator,
                f"r must divide the channels of every layer of {architecture.name}; "
                f"allowed: {listed}",
            )
