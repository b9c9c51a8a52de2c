"""One study of a run with its statistics. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from ablations.costs.proof import Proof
from ablations.records.environments import blocks, identity
from ablations.records.run_record import Run
from ablations.records.timing_record import TimingRecord
from ablations.records.trial_record import TrialRecord
from ablations.results.paper_shape import PaperShape, paper_shape
from ablations.results.tuning_result import TuningResult, tuning_result
from ablations.results.variant_result import VariantResult
from ablations.statistics.contrasts import Contrast, contrast_study
from ablations.statistics.dominance import Dominance, dominances
from ablations.statistics.dunnett import Simultaneous, dunnett
from ablations.statistics.factorial import Interaction, Marginal, interactions, marginals
from ablations.study.study import Study
from ablations.study.variants import Variant

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class StudyResult:
    """The variants of a study, in the order of its table, and what is found between them.

    The statistics are computed when they are first asked for, and once.

    Attributes:
        study: Its design; where something was tuned, trained as was chosen.
        variants: What was found of each.
        margin: The run's, points of Top-1; None where nothing is asked of it.
        tuning: What its variants' training was chosen by; None where nothing was chosen.
    """

    study: Study
    variants: tuple[VariantResult, ...]
    margin: float | None = None
    tuning: TuningResult | None = None

    def __getitem__(self, name: str) -> VariantResult:
        """The variant of that name; KeyError where there is none."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> Mapping[str, VariantResult]:
        return {variant.name: variant for variant in self.variants}

    @property
    def baseline(self) -> VariantResult:
        """The variant that the others are held against."""
        return self[self.study.baseline]

    @property
    def proofs(self) -> list[Proof]:
        """Proofs of all variants."""
        return [variant.proof for variant in self.variants]

    @property
    def trained(self) -> bool:
        """Whether anything was."""
        return any(variant.trials for variant in self.variants)

    @property
    def baseline_contrasts(self) -> list[Contrast]:
        """Every variant that is judged on the baseline's data set against the baseline."""
        found = [variant.contrast for variant in self.variants]
        return [contrast for contrast in found if contrast is not None]

    @cached_property
    def dunnett(self) -> list[Simultaneous]:
        """A second reading of the same differences: simultaneous intervals against the baseline,
        over the seeds that all variants on its data set finished. Empty where there are none."""
        return dunnett(
            {name: self._tops[name] for name in self.study.same_images}, self.study.baseline
        )

    @cached_property
    def paper_shape(self) -> PaperShape | None:
        """Whether the study has the shape of the paper's table; None where it is none of them."""
        if len(self.study.axes) != 1:
            return None
        return paper_shape(self.variants, self.margin)

    @cached_property
    def marginals(self) -> list[Marginal]:
        """Every level averaged over the other axes; none where the study is not crossed or nothing
        was trained, and none of data sets, whose averages cannot be compared."""
        if not self.trained:
            return []
        return [found for found in marginals(self.study, self._tops) if found.axis != "dataset"]

    @cached_property
    def interactions(self) -> list[Interaction]:
        """Every two levels of two axes; none where the study is not crossed or not trained."""
        return interactions(self.study, self._tops) if self.trained else []

    @cached_property
    def dominances(self) -> list[Dominance]:
        """The variants that were trained on the baseline's data set, by the multiply-accumulates
        of the networks that were trained."""
        macs = {name: self[name].trained_macs for name in self.study.same_images}
        costs = {name: float(count) for name, count in macs.items() if count is not None}
        return dominances(costs, {name: self._tops[name] for name in costs})

    @property
    def _tops(self) -> dict[str, dict[int, float | None]]:
        return {variant.name: variant.top1_by_block for variant in self.variants}

    def left_out(self, variant: VariantResult) -> int:
        """The seeds that finished with both the variant and the baseline, and are no pair, since
        they were trained in different environments."""
        if variant.contrast is None:
            return 0
        mine, its = variant.top1_by_seed, self.baseline.top1_by_seed
        both = [seed for seed in mine if mine[seed] is not None and its.get(seed) is not None]
        return len(both) - variant.contrast.difference.n

    @property
    def named_variants(self) -> list[tuple[str, VariantResult]]:
        """Its name and a variant, for all of them."""
        return [(self.study.name, variant) for variant in self.variants]

    def accuracy(self) -> "DataFrame":
        """One row for each trial, see `Results.accuracy`."""
        from ablations.results.frames import accuracy_frame

        return accuracy_frame(self.named_variants)

    def contrasts(self) -> "DataFrame":
        """One row for each contrast with the baseline, see `Results.contrasts`."""
        from ablations.results.frames import contrast_frame

        return contrast_frame(self.named_variants)

    def costs(self) -> "DataFrame":
        """One row for each variant, see `Results.costs`."""
        from ablations.results.frames import cost_frame

        return cost_frame(self.named_variants)

    def _repr_html_(self) -> str:
        from ablations.results.frames import summary_frame

        frame = summary_frame(self.named_variants).drop(columns="study")
        return f"<h3>{escape(self.study.title)}</h3>\n{frame.to_html(index=False)}"


def study_result(run: Run, study: Study) -> StudyResult:
    """What a run says of one of its studies, trained as was chosen for it."""
    tuning = None if run.choosing or not run.settings.train else tuning_result(study, run.tuning)
    study = study if tuning is None else tuning.tuned
    proofs = {proof.name: proof for proof in run.proofs[study.name]}
    trials = _by_variant(run.records)
    timings: dict[Variant, TimingRecord] = {timing.variant: timing for timing in run.timings}
    found_blocks = blocks(run.records)

    def blocks_of(variant: Variant) -> tuple[int, ...]:
        own = trials.get(variant, ())
        return tuple(found_blocks[trial.seed, identity(trial.environment)] for trial in own)

    tops = {
        name: dict(zip(blocks_of(variant), (t.top1 for t in trials.get(variant, ())), strict=True))
        for name, variant in study.variants.items()
        if name in study.same_images
    }
    margin = run.settings.margin
    contrasts = {found.name: found for found in contrast_study(tops, study.baseline, margin)}
    return StudyResult(
        study,
        tuple(
            VariantResult(
                name=name,
                variant=variant,
                levels=study.levels[name],
                is_baseline=name == study.baseline,
                proof=proofs[name],
                seeds=run.settings.seeds if run.settings.train else 0,
                trials=tuple(trials.get(variant, ())),
                timing=timings.get(variant),
                blocks=blocks_of(variant),
                contrast=contrasts.get(name),
            )
            for name, variant in study.variants.items()
        ),
        margin,
        tuning,
    )


def _by_variant(records: Sequence[TrialRecord]) -> dict[Variant, list[TrialRecord]]:
    found: dict[Variant, list[TrialRecord]] = {}
    for record in records:
        found.setdefault(record.variant, []).append(record)
    return found
