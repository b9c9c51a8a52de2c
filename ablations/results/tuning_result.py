"""What the tuning of a study found: what each variant chose, by which trials, and what comparing
all of them at one level would have said. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ablations.records.trial_record import TrialRecord
from ablations.settings.setting import Level
from ablations.statistics.contrasts import Contrast, contrast_study, paired_differences
from ablations.statistics.estimate import Estimate, ranked
from ablations.study.grid import Candidate, Grid
from ablations.study.study import Study
from ablations.study.variants import Variant

Tops = Mapping[int, float | None]
"""Seed -> Top-1 on the validation split, percent; None where the trial failed."""


@dataclass(frozen=True)
class Tried:
    """One candidate of one variant.

    Attributes:
        levels: Levels of the tuned settings.
        trials: Trials in the order of their seeds.
    """

    levels: Candidate
    trials: tuple[TrialRecord, ...]

    @property
    def tops(self) -> Tops:
        """Top-1 on the validation split by seed."""
        return {trial.seed: trial.top1 for trial in self.trials}

    @cached_property
    def top1(self) -> Estimate:
        """Percent on the validation split, over the seeds that finished."""
        return Estimate.of(self.tops.values())

    @property
    def failed(self) -> int:
        """The trials without a result."""
        return sum(trial.failure is not None for trial in self.trials)


@dataclass(frozen=True)
class VariantTuning:
    """What one variant chose.

    Attributes:
        name: Name of the variant.
        tried: All candidates in the order of the grid.
    """

    name: str
    tried: tuple[Tried, ...]

    @cached_property
    def _ranked(self) -> list[Tried]:
        return [self.tried[place] for place in ranked([one.tops.values() for one in self.tried])]

    @property
    def chosen(self) -> Tried | None:
        """The best candidate; None where every trial failed."""
        return self._ranked[0] if self._ranked else None

    @property
    def runner_up(self) -> Tried | None:
        """The best of the others; None where no other finished a trial."""
        return self._ranked[1] if len(self._ranked) > 1 else None

    @property
    def lead(self) -> Estimate | None:
        """The chosen one minus the next, points, paired by seed; None where there is no next."""
        if self.chosen is None or self.runner_up is None:
            return None
        return Estimate.of(paired_differences(self.chosen.tops, self.runner_up.tops))

    @property
    def edges(self) -> list[tuple[str, Level]]:
        """The chosen levels that are the lowest or the highest of their setting's numbers, so that
        a better one may lie beyond; zero is no edge, nothing lies below it."""
        if self.chosen is None:
            return []
        offered: dict[str, set[Level]] = {}
        for one in self.tried:
            for name, level in one.levels:
                offered.setdefault(name, set()).add(level)
        return [
            (name, level) for name, level in self.chosen.levels if _is_edge(level, [*offered[name]])
        ]


def _is_edge(level: Level, offered: Sequence[Level]) -> bool:
    numbers = [found for found in offered if not isinstance(found, str)]
    if isinstance(level, str) or len(numbers) < len(offered):
        return False
    return level == max(numbers) or level == min(numbers) > 0


@dataclass(frozen=True)
class Comparison:
    """All variants against the baseline on the validation split, over the seeds of the tuning.

    Attributes:
        levels: Levels of the tuned settings for all variants; None for each variant's own choice.
        contrasts: Contrasts by variant, without the baseline.
    """

    levels: Candidate | None
    contrasts: Mapping[str, Contrast]


@dataclass(frozen=True)
class TuningResult:
    """What the tuning of a study found.

    Attributes:
        study: Before anything was chosen.
        grid: What was tried.
        variants: In the order of the study.
    """

    study: Study
    grid: Grid
    variants: tuple[VariantTuning, ...]

    def __getitem__(self, name: str) -> VariantTuning:
        """What the variant of that name chose; KeyError where there is none."""
        return {variant.name: variant for variant in self.variants}[name]

    @property
    def chosen(self) -> dict[str, Candidate]:
        """Variant -> what it chose; without those of which every trial failed."""
        return {v.name: v.chosen.levels for v in self.variants if v.chosen is not None}

    @property
    def tuned(self) -> Study:
        """The study, trained as was chosen."""
        return self.study.tuned(self.chosen)

    @property
    def trials(self) -> list[TrialRecord]:
        """All of the tuning."""
        return [trial for v in self.variants for one in v.tried for trial in one.trials]

    @property
    def failed(self) -> int:
        """The trials without a result."""
        return sum(trial.failure is not None for trial in self.trials)

    @property
    def seconds(self) -> float:
        """Time of training and testing, summed over all trials."""
        return sum(trial.seconds for trial in self.trials)

    @cached_property
    def common(self) -> Candidate | None:
        """The candidate that is best on average over the variants that are judged on the baseline's
        data set; None where every trial failed."""
        compared = [self[name] for name in self.study.same_images]
        samples = [
            [top1 for variant in compared for top1 in variant.tried[place].tops.values()]
            for place in range(len(self.grid.candidates))
        ]
        places = ranked(samples)
        return self.grid.candidates[places[0]] if places else None

    @cached_property
    def own(self) -> Comparison:
        """Each variant as it chose."""
        chosen = {name: self[name].chosen for name in self.study.same_images}
        return self._compared(
            None, {name: {} if one is None else one.tops for name, one in chosen.items()}
        )

    @cached_property
    def untuned(self) -> list[Comparison]:
        """All variants at one level, for each candidate."""
        return [
            self._compared(
                levels, {name: self[name].tried[place].tops for name in self.study.same_images}
            )
            for place, levels in enumerate(self.grid.candidates)
        ]

    def _compared(self, levels: Candidate | None, tops: Mapping[str, Tops]) -> Comparison:
        found = contrast_study(tops, self.study.baseline)
        return Comparison(levels, {contrast.name: contrast for contrast in found})


def tuning_result(study: Study, records: Sequence[TrialRecord]) -> TuningResult | None:
    """What a study's tuning found; None where nothing is tuned.

    Args:
        study: Before anything was chosen.
        records: The tuning trials of all studies of a run.
    """
    if study.tune is None:
        return None
    trials: dict[Variant, list[TrialRecord]] = {}
    for record in records:
        if record.seed in study.tune.trial_seeds:
            trials.setdefault(record.variant, []).append(record)
    return TuningResult(
        study,
        study.tune,
        tuple(
            VariantTuning(
                name,
                tuple(
                    Tried(levels, tuple(trials.get(variant.trained_with(levels), ())))
                    for levels in study.tune.candidates
                ),
            )
            for name, variant in study.variants.items()
        ),
    )


def trained_variants(studies: Sequence[Study], records: Sequence[TrialRecord]) -> list[Variant]:
    """Every variant that is to be trained, once, as was chosen for it; what is tuned and could
    choose nothing is not.

    records: the tuning trials.
    """
    found: list[Variant] = []
    for study in studies:
        tuning = tuning_result(study, records)
        if tuning is None:
            found += study.variants.values()
        else:
            found += [tuning.tuned.variants[name] for name in tuning.chosen]
    return list(dict.fromkeys(found))
