"""Everything that one run found. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ablations.records.environments import Origin, origins
from ablations.records.run_file import load_run
from ablations.records.run_record import Run
from ablations.records.trial_record import TrialRecord
from ablations.results.study_result import StudyResult, study_result
from ablations.results.variant_result import VariantResult
from ablations.settings.readers import expanded
from ablations.study.run_settings import RunSettings

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Results:
    """The studies of a run with their statistics.

    Attributes:
        run: The records that all of it is taken from.
        studies: In the order of the run.
    """

    run: Run
    studies: tuple[StudyResult, ...]

    @property
    def settings(self) -> RunSettings:
        """What the run was asked for."""
        return self.run.settings

    @property
    def environments(self) -> Mapping[str, Sequence[str]]:
        """Name of a version or a machine's property -> all values that occur."""
        return self.run.environments

    @property
    def origins(self) -> list[Origin]:
        """The trials by the environment that they were trained in, see `environments.DECIDING`."""
        return origins(self.run.records)

    @property
    def failures(self) -> list[TrialRecord]:
        """The trials without a result."""
        return self.run.failures

    @property
    def data(self) -> list[str]:
        """What was trained on, as the trials describe it."""
        return list(dict.fromkeys(record.data for record in self.run.records))

    @property
    def verified(self) -> bool:
        """Whether all counts agree."""
        return self.run.verified

    @property
    def _named_variants(self) -> list[tuple[str, VariantResult]]:
        return [named for study in self.studies for named in study.named_variants]

    def accuracy(self) -> "DataFrame":
        """One row for each trial.

        Returns:
            study, variant, seed; top1 (percent, NaN where the trial failed); failure (the reason,
            None where it finished); trained_params and trained_macs (multiply-accumulates of one
            image) of the network that was trained.
        """
        from ablations.results.frames import accuracy_frame

        return accuracy_frame(self._named_variants)

    def tuning(self) -> "DataFrame":
        """One row for each trial that a variant chose its training by; none where nothing is tuned.

        Returns:
            study, variant; every tuned setting; seed; top1 (percent on the validation split, NaN
            where the trial failed); failure; chosen: whether the variant chose these levels.
        """
        from ablations.results.frames import tuning_frame

        studies = [(found.study.name, found.tuning) for found in self.studies]
        return tuning_frame((name, tuning) for name, tuning in studies if tuning is not None)

    def contrasts(self) -> "DataFrame":
        """One row for each variant that is held against its study's baseline.

        Returns:
            study, variant, baseline; pairs (seeds that finished with both); difference (points of
            Top-1, variant minus baseline) and its 95 % t interval, difference_low to
            difference_high; p of the sign-flip test; adjusted_p, Holm-corrected over the study;
            verdict. Where the run has a margin (points), also the one-sided p against "worse by at
            least the margin" (no_worse_p), the larger one of that and of the p against "better by
            at least the margin" (equivalent_p), both Holm-corrected as well (adjusted_*), and
            margin_verdict.
        """
        from ablations.results.frames import contrast_frame

        return contrast_frame(self._named_variants)

    def costs(self) -> "DataFrame":
        """One row for each variant, of the network whose costs were counted.

        Returns:
            study, variant, params; multiply-accumulates of one image by term of the closed form
            (reduce, span, ...), rest, and macs, their sum; flops_ablation_convention and
            flops_envelope_convention, counted as the paper's tables and its figures of accuracy
            against cost do; verified, and proof: by what.
        """
        from ablations.results.frames import cost_frame

        return cost_frame(self._named_variants)

    def _repr_html_(self) -> str:
        return "\n".join(study._repr_html_() for study in self.studies)


def results_of(run: Run) -> Results:
    """The results of a run."""
    return Results(run, tuple(study_result(run, study) for study in run.studies))


def load_results(path: str | Path) -> Results:
    """The results of a finished run.

    Args:
        path: The run's output folder, or a report (report.html).

    Raises:
        SettingError: Where there is no run that can be read.
    """
    return results_of(load_run(expanded(Path(path)), "path"))
