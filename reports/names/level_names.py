"""How axes, their levels and the variants of a study are written."""

from collections.abc import Callable

from ablations.study.all_settings import AXES
from ablations.study.grid import Candidate
from ablations.study.study import Study

BETWEEN = " · "
"""Between the levels of a variant."""

LONGEST_BESIDE = 14
"""Characters of a name that stands beside a point."""


def axis_name(axis: str) -> str:
    """In running text."""
    return AXES[axis].noun


def level_text(axis: str, level: str) -> str:
    """A level under its axis' heading, as the paper writes it."""
    return AXES[axis].label(level)


def level_name(axis: str, level: str) -> str:
    """A level in running text."""
    text = level_text(axis, level)
    return text if level == "–" else AXES[axis].phrase.format(text)


def candidate_name(levels: Candidate) -> str:
    """What a variant can choose, in running text."""
    return ", ".join(level_name(name, str(level)) for name, level in levels)


def _short(axis: str, level: str) -> str:
    """A level in a figure."""
    declared = AXES[axis]
    return (declared.short or declared.label)(level)


def heading(study: Study) -> str:
    """Return the heading of the column that names the variants."""
    return ", ".join(AXES[axis].heading for axis in study.axes)


def short_heading(study: Study) -> str:
    """The same for a figure, where there is less room."""
    return heading(study) if len(study.axes) <= 2 else "Variant"


def variant_texts(study: Study) -> dict[str, str]:
    """Variant -> how its table writes it."""
    return _written(study, level_text)


def variant_names(study: Study) -> dict[str, str]:
    """Variant -> how running text writes it."""
    return _written(study, level_name)


def short_names(study: Study) -> dict[str, str]:
    """Variant -> its name in figures."""
    return _written(study, _short)


def short_levels(study: Study) -> dict[str, tuple[str, ...]]:
    """Variant -> its levels in figures, where each stands on a line."""
    return {name: tuple(map(_short, study.axes, levels)) for name, levels in study.levels.items()}


def _written(study: Study, write: Callable[[str, str], str]) -> dict[str, str]:
    return {
        name: BETWEEN.join(map(write, study.axes, levels)) for name, levels in study.levels.items()
    }


def series(study: Study) -> dict[str, dict[str, str]]:
    """What figures draw together: a crossed study's variants by their level on its first axis, with
    the others' levels for names; else all variants as one series without a title."""
    if not study.crossed:
        return {"": short_names(study)}
    found: dict[str, dict[str, str]] = {}
    for name, (first, *rest) in study.levels.items():
        title = level_name(study.axes[0], first)
        label = BETWEEN.join(map(_short, study.axes[1:], rest))
        found.setdefault(title, {})[name] = label
    return found


def told_apart(study: Study) -> dict[str, dict[str, str]]:
    """Same as `series`, but names too long for their points make each variant a separate series
    without a label."""
    names = short_names(study)
    if study.crossed or max(map(len, names.values())) <= LONGEST_BESIDE:
        return series(study)
    return {label: {name: ""} for name, label in names.items()}
