"""The columns of a study's table that only tuning brings: what was chosen. No torch."""

from ablations.results.study_result import StudyResult
from ablations.results.variant_result import VariantResult
from ablations.settings.setting import Level
from ablations.study.all_settings import AXES
from reports.names.level_names import level_text
from reports.tables.table import Column, CsvColumn, Group


def tuned_columns(result: StudyResult, group: Group) -> tuple[Column[VariantResult], ...]:
    """One for each tuned setting; none where nothing was tuned."""
    return tuple(_column(name, group) for name in _tuned(result))


def tuned_csv(result: StudyResult) -> tuple[CsvColumn[VariantResult], ...]:
    """tuned_ each tuned setting: its level, empty where nothing could be chosen."""
    return tuple(_csv_column(name) for name in _tuned(result))


def _tuned(result: StudyResult) -> tuple[str, ...]:
    return () if result.tuning is None else tuple(result.tuning.grid.levels)


def _column(name: str, group: Group) -> Column[VariantResult]:
    def text(variant: VariantResult) -> str | None:
        level = _level(variant, name)
        return None if level is None else level_text(name, str(level))

    def number(variant: VariantResult) -> float | None:
        level = _level(variant, name)
        return None if level is None else AXES[name].place(str(level))

    return Column(f"{AXES[name].heading}, tuned", text, group, number)


def _csv_column(name: str) -> CsvColumn[VariantResult]:
    return CsvColumn(f"tuned_{name}", lambda variant: _level(variant, name))


def _level(variant: VariantResult, name: str) -> Level | None:
    return dict(variant.variant.training).get(name)
