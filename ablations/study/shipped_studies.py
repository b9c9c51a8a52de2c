"""Studies shipped with the package. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

from ablations.errors import SettingError
from ablations.settings.setting import Level
from ablations.study.all_settings import AXES
from ablations.study.builder import StudyFile, make_study, parse_study
from ablations.study.study import Study

ABLATIONS = ("kernel-size", "group-channels", "kernel-generator")
"""The paper's tables (a), (b) and (c)."""

ENVELOPE = "envelope"


@cache
def shipped(name: str) -> StudyFile:
    """Return a shipped study by name."""
    text = (files("ablations.study") / "shipped" / f"{name}.toml").read_text(encoding="utf-8")
    return parse_study(text)


def read_levels(axis: str, texts: Sequence[str], setting: str) -> tuple[Level, ...]:
    """Parse the levels of an axis.

    Raises:
        SettingError: If there are none, or one is not allowed or given twice; names `setting`.
    """
    if not texts:
        raise SettingError(setting, "(nothing)", "give at least one value")
    levels: list[Level] = []
    for text in texts:
        try:
            level = AXES[axis].read(text)
        except ValueError as error:
            raise SettingError(setting, text, str(error)) from None
        if level in levels:
            raise SettingError(setting, text, "is given twice")
        levels.append(level)
    return tuple(levels)


def with_levels(
    file: StudyFile, axes: Mapping[str, tuple[Level, ...]], baseline: str | None = None
) -> StudyFile:
    """Return a crossed study with other levels.

    Args:
        file: The study.
        axes: Levels of each axis.
        baseline: One level per axis, separated by commas; None: the file's, if still a variant.

    Raises:
        SettingError: If the baseline is not a variant.
    """
    if baseline is None:
        kept = {name: level for name, level in file.baseline.items() if level in axes[name]}
        return replace(file, axes=axes, baseline=kept if len(kept) == len(axes) else {})
    typed = [text.strip() for text in baseline.split(",")]
    found = {
        name: level
        for (name, levels), text in zip(axes.items(), typed, strict=False)
        for level in levels
        if str(level) == (text.lstrip("0") or text)
    }
    if len(found) < len(axes) or len(typed) > len(axes):
        allowed = " and ".join(
            f"{'one of: ' * (not place)}{', '.join(map(str, levels))}"
            for place, levels in enumerate(axes.values())
        )
        raise SettingError("baseline", baseline, f"must be {allowed}")
    return replace(file, axes=axes, baseline=found)


def shipped_study(
    name: str, levels: Sequence[str] | None = None, baseline: str | None = None
) -> Study:
    """Return a shipped study.

    Args:
        name: Its name.
        levels: Levels of its only axis; None: as shipped.
        baseline: As in `with_levels`.

    Raises:
        SettingError: If levels or baseline are not allowed.
    """
    file = shipped(name)
    if levels is not None:
        (axis,) = file.axes
        file = with_levels(file, {axis: read_levels(axis, levels, axis)}, baseline)
    return make_study(file)
