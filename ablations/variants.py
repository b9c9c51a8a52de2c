"""The studies as data: which variants each compares. No torch."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Literal

from ablations.errors import SettingError
from involution_core.architectures import Architecture
from involution_core.forms import ATTENTION, reduction_ratio_of

LARGEST_KERNEL_SIZE = 31


@dataclass(frozen=True)
class Variant:
    """The involution of one network: K, channels per group ("C": all), generator form."""

    kernel_size: int = 7
    group_channels: int | Literal["C"] = 16
    generator: str = "r=4"

    @property
    def key(self) -> str:
        """A name that is unique among variants and fit for a file."""
        return f"k{self.kernel_size}-g{self.group_channels}-{self.generator.replace('=', '')}"


@dataclass(frozen=True)
class Study:
    """Variants that differ in one thing, by the value that they differ in.

    variants: value as typed ("7", "C", "r=4") -> Variant, in the order of the table.
    baseline: the value that the others are held against.
    """

    name: str
    variants: dict[str, Variant]
    baseline: str


def _whole(text: str) -> int | None:
    """The positive integer that `text` writes, None where it writes none."""
    return int(text) if re.fullmatch(r"0{0,9}[1-9][0-9]{0,8}", text) else None


def _parse_size(text: str) -> Variant:
    size = _whole(text)
    if size is None or size % 2 == 0:
        problem = "kernel sizes are odd and positive"
    elif size > LARGEST_KERNEL_SIZE:
        problem = "the kernel size is too large"
    else:
        return Variant(kernel_size=size)
    raise SettingError("sizes", text, f"{problem}; allowed: 1, 3, 5, ... {LARGEST_KERNEL_SIZE}")


def _parse_channels(text: str) -> Variant:
    if text == "C":
        return Variant(group_channels="C")
    channels = _whole(text)
    if channels is None:
        raise SettingError("channels", text, "allowed: positive integers, and C for one group")
    return Variant(group_channels=channels)


def _parse_form(text: str) -> Variant:
    try:
        reduction_ratio_of(text)
    except ValueError:
        raise SettingError(
            "forms", text, "unknown form; allowed: W, r=N with N a positive integer, attention"
        ) from None
    return Variant(generator=text)


@dataclass(frozen=True)
class StudyKind:
    """One of the paper's ablations: the setting it varies, the paper's values, how to read one.

    further_values: those that the paper's talk describes and its table lacks; never a default.
    """

    name: str
    setting: str
    paper_values: tuple[str, ...]
    parse: Callable[[str], Variant]
    further_values: tuple[str, ...] = ()

    def study(self, values: Sequence[str], baseline: str | None = None) -> Study:
        """The study of the typed `values`, held against the one that `baseline` writes; without it
        against the paper's (Variant's defaults), or the first where that is not among them.

        Raises SettingError for no value, a value that cannot be read, one given twice, and a
        baseline that is none of them.
        """
        if not values:
            example = " ".join(self.paper_values)
            raise SettingError(self.setting, "(nothing)", f"give at least one value, as {example}")
        variants: dict[str, Variant] = {}
        for value in values:
            variant = self.parse(value)
            if variant in variants.values():
                raise SettingError(self.setting, value, "given twice; every value once")
            variants[value.lstrip("0")] = variant
        return Study(self.name, variants, self._baseline(variants, baseline))

    def _baseline(self, variants: dict[str, Variant], typed: str | None) -> str:
        try:
            wanted = Variant() if typed is None else self.parse(typed)
        except SettingError:
            wanted = None
        for value, variant in variants.items():
            if variant == wanted:
                return value
        if typed is not None:
            raise SettingError("baseline", typed, f"must be one of: {', '.join(variants)}")
        return next(iter(variants))


STUDIES = {
    kind.name: kind
    for kind in [
        StudyKind("kernel-size", "sizes", ("3", "5", "7", "9"), _parse_size),
        StudyKind("group-channels", "channels", ("1", "4", "16", "C"), _parse_channels),
        StudyKind(
            "kernel-generator", "forms", ("W", "r=1", "r=4", "r=16"), _parse_form, (ATTENTION,)
        ),
    ]
}


def check_variants(study: Study, architectures: Sequence[Architecture]) -> None:
    """Raises SettingError where a variant's group channels or r do not divide the channels of
    every bottleneck of every one of the networks that are to be built."""
    common = gcd(*(a.width for a in architectures))
    divisors = [n for n in range(1, common + 1) if common % n == 0]
    networks = ", ".join(sorted({a.name for a in architectures}))
    listed = ", ".join(map(str, divisors))
    for variant in study.variants.values():
        group, ratio = variant.group_channels, reduction_ratio_of(variant.generator)
        if group != "C" and group not in divisors:
            raise SettingError(
                "channels",
                group,
                f"must divide the channels of every layer of {networks}; allowed: {listed}, C",
            )
        if ratio is not None and ratio not in divisors:
            raise SettingError(
                "forms",
                variant.generator,
                f"r must divide the channels of every layer of {networks}; allowed: {listed}",
            )
