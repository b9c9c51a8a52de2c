"""What each variant chose, and what comparing all at one level would have said, in sentences.
No torch."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ablations.results.study_result import StudyResult
from ablations.results.tuning_result import TuningResult
from ablations.settings.setting import Level
from ablations.study.grid import Grid
from reports.names.level_names import axis_name, candidate_name, level_name
from reports.names.number_texts import duration, seeds_text, signed, trials_text
from reports.words.axis_words import listed

Label = Callable[[str], str]
"""variant -> how it is written."""


def choice_words(tuning: TuningResult | None, label: Label) -> list[str]:
    """What each variant was trained with, and which choices lie at an edge; none without tuning."""
    if tuning is None:
        return []
    return [_choices(tuning, label), *edge_words(tuning, label)]


def tuned_names(tuning: TuningResult) -> str:
    """ "learning rate and weight decay"."""
    return listed([axis_name(name) for name in tuning.grid.levels])


def grid_text(grid: Grid) -> str:
    """ "learning rate 0.03, 0.1 over 3 seeds"."""
    levels = [f"{axis_name(k)} {', '.join(map(str, found))}" for k, found in grid.levels.items()]
    return f"{'; '.join(levels)} over {seeds_text(grid.seeds)}"


def choices_text(tuning: TuningResult, label: Label) -> str:
    """ "learning rate 0.1: 3 × 3, 5 × 5; learning rate 0.03: 7 × 7"."""
    by_levels: dict[str, list[str]] = {}
    for name, levels in tuning.chosen.items():
        by_levels.setdefault(candidate_name(levels), []).append(label(name))
    return "; ".join(f"{levels}: {', '.join(names)}" for levels, names in by_levels.items())


def _choices(tuning: TuningResult, label: Label) -> str:
    lead = (
        f"Each variant was trained with its own {tuned_names(tuning)}, chosen on the validation "
        f"split over {seeds_text(tuning.grid.seeds)} that the study does not use (see Tuning)"
    )
    lost = [label(variant.name) for variant in tuning.variants if variant.chosen is None]
    without = (
        f" All tuning trials of {listed(lost)} failed, so nothing was chosen or trained there."
    )
    text = choices_text(tuning, label)
    return f"{lead}{': ' * bool(text)}{text}.{without if lost else ''}"


def edge_words(tuning: TuningResult, label: Label) -> list[str]:
    """One sentence for each level at the edge of the grid that was chosen."""
    found: dict[tuple[str, Level], list[str]] = {}
    for variant in tuning.variants:
        for edge in variant.edges:
            found.setdefault(edge, []).append(label(variant.name))
    return [
        f"At the edge of the grid: {listed(names)} chose {level_name(name, str(level))}, the "
        f"{_which(level, tuning.grid.levels[name])} that was offered; a better one may lie beyond."
        for (name, level), names in found.items()
    ]


def _which(level: Level, offered: Sequence[Level]) -> str:
    numbers = [number for number in offered if not isinstance(number, str)]
    return "highest" if level == max(numbers) else "lowest"


def untuned_words(tuning: TuningResult, label: Label) -> list[str]:
    """What all variants at one level, the best on average, would have said; on validation."""
    common, own = tuning.common, tuning.own.contrasts
    if common is None or not own:
        return []
    means = {
        comparison.levels: {
            name: contrast.difference.mean for name, contrast in comparison.contrasts.items()
        }
        for comparison in tuning.untuned
    }
    lead = (
        f"Untuned, with {candidate_name(common)} for all variants (the best on average), the "
        f"differences to {label(tuning.study.baseline)} on the validation split, over the tuning’s "
        f"{seeds_text(tuning.grid.seeds)}, are"
    )
    parts = [
        f"{label(name)} {_points(means[common][name])} (each with its own choice: "
        f"{_points(contrast.difference.mean)})"
        for name, contrast in own.items()
    ]
    return [f"{lead}: {'; '.join(parts)}.", *_depending(tuning, label, means.values())]


def _points(mean: float | None) -> str:
    return "unknown" if mean is None else f"{signed(mean)} points"


def _depending(
    tuning: TuningResult, label: Label, means: Iterable[Mapping[str, float | None]]
) -> Iterator[str]:
    """Yield the variants whose sign of the difference depends on the common level."""
    signs: dict[str, set[bool]] = {}
    for by_name in means:
        for name, mean in by_name.items():
            if mean is not None and round(mean, 1):
                signs.setdefault(name, set()).add(mean > 0)
    turning = [label(name) for name, found in signs.items() if len(found) > 1]
    if turning:
        yield (
            f"Whether {' or '.join(turning)} is ahead of {label(tuning.study.baseline)} depends on "
            f"the {tuned_names(tuning)} that all are trained with: among the candidates the "
            "difference has either sign. Over so few seeds that may be chance."
        )
    else:
        yield (
            f"The sign of every difference to {label(tuning.study.baseline)} is the same with each "
            "candidate for all variants."
        )


def cost_words(result: StudyResult, tuning: TuningResult) -> str:
    """How many trials the tuning took, and their time."""
    variants, candidates = len(tuning.variants), len(tuning.grid.candidates)
    made = f"{variants} variants × {candidates} candidates × {seeds_text(tuning.grid.seeds)}"
    failed = f"; {tuning.failed} of them failed" if tuning.failed else ""
    trials = [trial for variant in result.variants for trial in variant.trials]
    spent = duration(sum(trial.seconds for trial in trials))
    return (
        f"The tuning took {trials_text(len(tuning.trials))} ({made}) and "
        f"{duration(tuning.seconds)} of training and testing, trial by trial{failed}; the study "
        f"itself {trials_text(len(trials))} and {spent}."
    )
