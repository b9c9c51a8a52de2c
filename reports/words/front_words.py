"""The front of cost and accuracy in sentences, and what is certain of it. No torch."""

from collections.abc import Callable, Sequence
from math import inf

from ablations.statistics.contrasts import Contrast
from ablations.statistics.dominance import Dominance
from reports.names.number_texts import mean_text, seeds_text
from reports.words.verdict import conclusion, difference_words


def dominance_words(
    dominances: Sequence[Dominance], label: Callable[[str], str], cost: str
) -> list[str]:
    """The front of the means; then each variant that is certainly dominated, or off the front, held
    against the best of those that cost no more.

    label: variant -> how it is written; cost: what it costs, "MACs". Empty where no two variants
    finished a seed in common.
    """
    if not any(found.comparisons for found in dominances):
        return []
    by_cost = sorted(dominances, key=lambda found: found.cost)
    words = [_front_words([found for found in by_cost if found.on_front], label, cost)]
    rivals = [rival for found in by_cost for rival in found.rivals]
    if all(rival.verdict == "too few seeds" for rival in rivals):
        return [*words, _too_few(by_cost[0], max(rival.difference.n for rival in rivals))]
    means = {f.name: -inf if f.top1.mean is None else f.top1.mean for f in by_cost}
    for found in by_cost:
        if found.dominators:
            words.append(_dominated_words(found, label, cost))
        elif found.top1.mean is not None and not found.on_front:
            best = max(found.rivals, key=lambda rival: means[rival.name])
            words.append(_untold_words(found, best, label, cost))
    return words


def _front_words(front: Sequence[Dominance], label: Callable[[str], str], cost: str) -> str:
    named = ", ".join(f"{label(found.name)} ({_mean_words(found)})" for found in front)
    return (
        f"Pareto front of {cost} and mean Top-1 of the trained networks, by rising {cost}: "
        f"{named}. These are means; no test was made."
    )


def _mean_words(found: Dominance) -> str:
    return f"{mean_text(found.top1)} % over {seeds_text(found.top1.n)}"


def _too_few(found: Dominance, seeds: int) -> str:
    pairs = f"{found.comparisons} pair{'s' * (found.comparisons != 1)} of variants"
    return (
        f"Whether any variant is dominated is inconclusive: {seeds_text(seeds)}; to compare "
        f"{pairs} at least {found.seeds_needed} are needed."
    )


def _dominated_words(found: Dominance, label: Callable[[str], str], cost: str) -> str:
    by = "; ".join(_against(rival, label, cost) for rival in found.dominators)
    return f"{label(found.name)} is dominated: {by}."


def _untold_words(found: Dominance, best: Contrast, label: Callable[[str], str], cost: str) -> str:
    return (
        f"{label(found.name)} is off the front; whether it is dominated is inconclusive: "
        f"{_against(best, label, cost)}."
    )


def _against(rival: Contrast, label: Callable[[str], str], cost: str) -> str:
    differs = "" if rival.difference.mean is None else f", differs by {difference_words(rival)}"
    return f"{label(rival.name)}, with no more {cost}{differs}: {conclusion(rival)}"
