"""The verdict of a study in words: what was varied, what it costs, what it bought, how sure.

Every number is a cell of the study's table; how strong the words are is decided in
`ablations.statistics.contrasts`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from ablations.results.frames import contrast_record
from ablations.statistics.contrasts import Contrast, pooled_spread, seeds_needed, smallest_p
from ablations.statistics.power import detectable_difference
from reports.tables.study_table import Table, difference_text


@dataclass(frozen=True)
class Models:
    """A variant's network whose costs were counted, and the one that was trained, if one was."""

    counted: str
    trained: str | None


@dataclass(frozen=True)
class Verdict:
    """headline: one sentence over the study. lines: one for each variant, the baseline first."""

    headline: str
    lines: tuple[str, ...]


def study_verdict(
    labels: Mapping[str, str],
    baseline: str,
    table: Table,
    contrasts: Mapping[str, Contrast],
    models: Mapping[str, Models],
) -> Verdict:
    """labels, models: variant -> how it is written, its networks. contrasts: of all variants but
    `baseline` with it."""
    label = labels.__getitem__

    def costs(value: str) -> str:
        params, macs = table.text(value, "params"), table.text(value, "macs")
        return f"{params} M parameters and {macs} G MACs in {models[value].counted}"

    lines = [f"{label(baseline)}, the baseline: {costs(baseline)}."]
    for value, contrast in contrasts.items():
        trained = models[value].trained
        bought = f"; {_bought(table, contrast, trained)}" if trained else ""
        lines.append(f"{label(value)}: {costs(value)}{bought}.")
    elsewhere = [value for value in labels if value != baseline and value not in contrasts]
    lines += [
        f"{label(value)}: {costs(value)}; judged on another data set and not compared."
        for value in elsewhere
    ]
    if models[baseline].trained is None:
        return Verdict("Nothing was trained: what the variants buy was not measured.", tuple(lines))
    return Verdict(_headline(label(baseline), contrasts, label), tuple(lines))


def _bought(table: Table, contrast: Contrast, trained: str) -> str:
    """The difference in Top-1 as the table shows it, and what it is worth."""
    where = f"in {trained}, which was trained"
    if contrast.mean is None:
        return f"{where}: {conclusion(contrast)}"
    difference = table.text(contrast.value, "difference").rpartition(" (")[0]
    told = f"Top-1 differs by {difference} points over {seeds_text(contrast.n)}"
    return f"{where}, {told}: {conclusion(contrast)}"


def seeds_text(n: int) -> str:
    """ "1 seed", "8 seeds"."""
    return f"{n} seed{'s' * (n != 1)}"


def difference_words(contrast: Contrast) -> str:
    """ "−4.1 ± 1.2 points over 8 seeds", for a contrast that has a mean."""
    difference = difference_text(contrast_record(contrast)).rpartition(" (")[0]
    return f"{difference} points over {seeds_text(contrast.n)}"


def conclusion(contrast: Contrast, better: str = "better", worse: str = "worse") -> str:
    """What a contrast says, no stronger than its data; better, worse: words for what it found."""
    if contrast.mean is None or contrast.adjusted_p is None:
        return "cannot tell, no seed finished with both"
    if contrast.verdict == "too few seeds":
        needed = seeds_needed(contrast.comparisons)
        return f"cannot tell with {seeds_text(contrast.n)}, needs at least {needed}"
    if contrast.t_interval is None:
        return (
            "cannot tell, the difference is the same at every seed and nothing says how sure that "
            "is (do the seeds change the runs?)"
        )
    evidence = f"{'adjusted ' * (contrast.comparisons > 1)}p = {contrast.adjusted_p:.2g}"
    if contrast.verdict != "cannot tell":
        return f"{better if contrast.verdict == 'better' else worse} ({evidence})"
    low, high = contrast.t_interval
    reason = "the interval includes zero" if low <= 0 <= high else evidence
    return f"cannot tell with {seeds_text(contrast.n)}, {reason}"


def _headline(baseline: str, contrasts: Mapping[str, Contrast], label: Callable[[str], str]) -> str:
    told = [c for c in contrasts.values() if c.verdict in ("better", "worse")]
    if not contrasts:
        return f"Nothing else was judged on the images of {baseline}; nothing can be compared."
    if told:
        named = "; ".join(f"{label(c.value)} is {c.verdict}" for c in told)
        rest = len(contrasts) - len(told)
        others = {0: "", 1: "; of the other one it cannot be told"}.get(
            rest, f"; of the other {rest} it cannot be told"
        )
        return f"In Top-1, against {baseline}: {named}{others}."
    if not any(contrast.n for contrast in contrasts.values()):
        return f"No seed finished with both {baseline} and another variant; nothing can be said."
    if all(c.verdict == "too few seeds" for c in contrasts.values()):
        return _too_few(baseline, contrasts.values())
    return f"No variant could be told from {baseline} in Top-1. That does not make them equal."


def _too_few(baseline: str, contrasts: Collection[Contrast]) -> str:
    """How far these seeds are from telling anything, and how far the least number would reach."""
    tested = [contrast for contrast in contrasts if contrast.n]
    seeds, needed = max(c.n for c in tested), seeds_needed(len(tested))
    least = f"p = {smallest_p(seeds):.2g}" + " before any correction" * (len(tested) > 1)
    words = (
        f"Whether any variant differs from {baseline} in Top-1 cannot be told with "
        f"{seeds_text(seeds)}: however large the differences, the exact test cannot go below "
        f"{least}. It needs at least {needed} seeds"
    )
    spread = pooled_spread(tested)
    if spread is None:
        return words + "."
    reach = detectable_difference(spread, needed, len(tested))
    return (
        f"{words}; with differences that spread as these do (SD {spread:.1f} points), {needed} "
        f"would find a true one of {reach:.{1 if reach < 10 else 0}f} points in four cases of five."
    )
