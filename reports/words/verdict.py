"""The verdict of a study in words: what was varied, what it costs, what it bought, how sure.

Every number stands in the study's table; how strong the words are is decided in
`ablations.statistics.contrasts`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ablations.results.study_result import StudyResult
from ablations.statistics.contrasts import Contrast, pooled_spread
from ablations.statistics.power import detectable_difference
from ablations.statistics.significance import seeds_needed, smallest_p
from reports.names.number_texts import difference_text, giga_macs, millions, p_text, seeds_text
from reports.words.margin_words import found_words, margin_conclusion


@dataclass(frozen=True)
class Models:
    """The network of a variant whose costs were counted, and the trained one, if any."""

    counted: str
    trained: str | None


@dataclass(frozen=True)
class Verdict:
    """headline: one sentence over the study. lines: one for each variant, the baseline first."""

    headline: str
    lines: tuple[str, ...]


def study_verdict(
    result: StudyResult, labels: Mapping[str, str], models: Mapping[str, Models]
) -> Verdict:
    """What a study found; labels, models: variant -> how it is written, its networks."""
    label, baseline = labels.__getitem__, result.study.baseline

    def costs(name: str) -> str:
        variant = result[name]
        params, macs = millions(variant.params), giga_macs(variant.macs)
        return f"{params} M parameters and {macs} G MACs in {models[name].counted}"

    contrasts = result.baseline_contrasts
    compared = {baseline, *(contrast.name for contrast in contrasts)}
    lines = [f"{label(baseline)}, the baseline: {costs(baseline)}."]
    for contrast in contrasts:
        trained = models[contrast.name].trained
        bought = f"; {_bought(contrast, trained)}" if trained else ""
        within = margin_conclusion(contrast, label(baseline)) if trained else ""
        said = f"{bought}; {within}" if within else bought
        lines.append(f"{label(contrast.name)}: {costs(contrast.name)}{said}.")
    lines += [
        f"{label(name)}: {costs(name)}; judged on another data set and not compared."
        for name in labels
        if name not in compared
    ]
    if models[baseline].trained is None:
        return Verdict("Nothing was trained: what the variants buy was not measured.", tuple(lines))
    return Verdict(_headline(label(baseline), contrasts, label), tuple(lines))


def _bought(contrast: Contrast, trained: str) -> str:
    """The difference in Top-1 as the table shows it, and what it is worth."""
    where = f"in {trained}, which was trained"
    if contrast.difference.mean is None:
        return f"{where}: {conclusion(contrast)}"
    return f"{where}, Top-1 differs by {difference_words(contrast)}: {conclusion(contrast)}"


def difference_words(contrast: Contrast) -> str:
    """ "−4.1 ± 1.2 points over 8 seeds", for a contrast that has a mean."""
    difference = contrast.difference
    return f"{difference_text(difference)} points over {seeds_text(difference.n)}"


def conclusion(contrast: Contrast, better: str = "better", worse: str = "worse") -> str:
    """What a contrast says, no stronger than its data; better, worse: words for what it found."""
    n, interval = contrast.difference.n, contrast.difference.interval
    if contrast.adjusted_p is None:
        return "inconclusive (no seed finished with both)"
    if contrast.verdict == "too few seeds":
        needed = seeds_needed(contrast.comparisons)
        return f"inconclusive ({seeds_text(n)}; at least {needed} are needed)"
    if interval is None:
        return (
            "inconclusive (every seed has the same difference, so nothing says how sure it is; do "
            "the seeds change the runs?)"
        )
    evidence = f"{'adjusted ' * (contrast.comparisons > 1)}p = {p_text(contrast.adjusted_p)}"
    if contrast.told:
        return f"{better if contrast.verdict == 'better' else worse} ({evidence})"
    reason = "the interval includes zero" if interval[0] <= 0 <= interval[1] else evidence
    return f"inconclusive with {seeds_text(n)} ({reason})"


def _headline(baseline: str, contrasts: Sequence[Contrast], label: Callable[[str], str]) -> str:
    told = [contrast for contrast in contrasts if found_words(contrast)]
    if not contrasts:
        return f"Nothing else was judged on the images of {baseline}; nothing can be compared."
    if told:
        named = "; ".join(f"{label(contrast.name)} is {found_words(contrast)}" for contrast in told)
        rest = len(contrasts) - len(told)
        others = {0: "", 1: "; the other one is inconclusive"}.get(
            rest, f"; the other {rest} are inconclusive"
        )
        return f"In Top-1, against {baseline}: {named}{others}."
    if not any(contrast.difference.n for contrast in contrasts):
        return f"No seed finished with both {baseline} and another variant; nothing can be said."
    if all(contrast.verdict == "too few seeds" for contrast in contrasts):
        return _too_few(baseline, contrasts)
    return (
        f"No variant was shown to differ from {baseline} in Top-1. That does not make them equal."
    )


def _too_few(baseline: str, contrasts: Sequence[Contrast]) -> str:
    """Say that the seeds are too few, and what the minimum number would detect."""
    tested = [contrast for contrast in contrasts if contrast.difference.n]
    seeds = max(contrast.difference.n for contrast in tested)
    needed = seeds_needed(len(tested))
    least = f"p = {p_text(smallest_p(seeds))}" + " before any correction" * (len(tested) > 1)
    words = (
        f"Inconclusive: with {seeds_text(seeds)} no difference from {baseline} in Top-1 can be "
        f"shown, however large, since the exact test cannot go below {least}. At least {needed} "
        f"seeds are needed"
    )
    spread = pooled_spread(tested)
    if spread is None:
        return words + "."
    reach = detectable_difference(spread, needed, len(tested))
    return (
        f"{words}; with differences of this spread (SD {spread:.1f} points), {needed} would detect "
        f"a true one of {reach:.{1 if reach < 10 else 0}f} points in four cases of five."
    )
