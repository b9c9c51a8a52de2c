"""Whether a study has the shape of the paper's table: its order, and where it saturates. No torch.

The paper's Top-1 belongs to another network on other data, and no figure carries over. What can is
the shape: which variant is ahead of which, and which step in cost brings nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ablations.costs.conventions import ABLATION
from ablations.results.variant_result import VariantResult
from ablations.statistics.agreement import Agreement, order_agreement
from ablations.statistics.contrasts import Contrast, contrast_samples, paired_differences

LEAST_VARIANTS = 3


@dataclass(frozen=True)
class Step:
    """A step in cost over which the paper's Top-1 does not move by more than the margin.

    Attributes:
        gain: The published Top-1 of the dearer variant less that of the cheaper one, points.
        contrast: The dearer variant against the cheaper one, as measured here: a comparison that
            the paper singled out, and hence corrected for nothing.
    """

    gain: float
    contrast: Contrast


@dataclass(frozen=True)
class PaperShape:
    """The paper's table and a study beside each other.

    Attributes:
        published: Variant -> the Top-1 that the paper prints, percent, from the lowest up.
        order: How far the orders agree.
        margin: Points of Top-1 within which a step is none; None where nobody set it.
        flat: The published step of the least gain, among neighbours by rising parameters; None
            without a margin, and where each step exceeds it.
    """

    published: Mapping[str, float]
    order: Agreement
    margin: float | None
    flat: Step | None


def paper_shape(variants: Sequence[VariantResult], margin: float | None) -> PaperShape | None:
    """Return the shape of a study; None if it is not the paper's or has under three variants.

    Variants without a finished seed are left out.

    Args:
        variants: Variants of a study with one axis.
        margin: Points of Top-1, see `PaperShape`.
    """
    finished = [found for found in variants if found.top1.n]
    printed = {found.name: top1 for found in finished if (top1 := _published(found)) is not None}
    tops = {found.name: found.top1_by_block for found in variants if found.name in printed}
    published = dict(sorted(printed.items(), key=lambda item: item[1]))
    order = order_agreement(published, tops)
    if order is None or len(printed) < LEAST_VARIANTS:
        return None
    by_cost = sorted((v for v in variants if v.name in printed), key=lambda v: v.params)
    steps = [(cheaper.name, dearer.name) for cheaper, dearer in pairwise(by_cost)]
    return PaperShape(published, order, margin, _flat(published, steps, tops, margin))


def _published(variant: VariantResult) -> float | None:
    """Return the Top-1 printed in the paper's ablation tables."""
    proof = variant.proof
    if proof.published is None or proof.convention != ABLATION.name:
        return None
    return float(proof.published.top1_percent)


def _flat(
    published: Mapping[str, float],
    steps: Sequence[tuple[str, str]],
    tops: Mapping[str, Mapping[int, float | None]],
    margin: float | None,
) -> Step | None:
    """steps: (cheaper, dearer) of neighbours."""
    # Two printed numbers differ by a multiple of 0.1, which their difference as floats is not.
    gains = {step: round(published[step[1]] - published[step[0]], 6) for step in steps}
    if margin is None:
        return None
    cheaper, dearer = least = min(steps, key=lambda step: abs(gains[step]))
    if abs(gains[least]) > margin:
        return None
    sample = paired_differences(tops[dearer], tops[cheaper])
    (contrast,) = contrast_samples({(dearer, cheaper): sample}, margin)
    return Step(gains[least], contrast)
