"""Studies from TOML files, with all errors of a file at once. No torch.

    name = "window-by-form"                 # of its tables and output folder
    title = "Does the window matter more to one form?"

    [axes]                                  # each combination is a variant
    kernel_size = [3, 7]
    generator = ["W", "r=4"]

    [baseline]                              # default: the paper's levels, else the first
    kernel_size = 7

    [settings]                              # the same for all variants; all optional
    seeds = 8
    epochs = 8

    [tune]                                  # chosen per variant on the validation split
    lr = [0.03, 0.1, 0.3]

Instead of [axes], [[variants]] lists the variants one by one. The allowed settings and axes are
`SETTINGS` and `AXES` in `all_settings`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod

from ablations.networks.families import family_of
from ablations.settings.setting import Level
from ablations.study.all_settings import DEFAULTS, NETWORK_AXES, PAPER, TRAINING_AXES
from ablations.study.budget import OTHER, STEPS
from ablations.study.document import TUNE, Key, Problem, Reader, StudyFile
from ablations.study.grid import MOST_CANDIDATES, Grid
from ablations.study.study import Study
from ablations.study.train_settings import VALIDATION
from ablations.study.variants import Variant, make_variant
from ablations.texts import shown

MOST_VARIANTS = 200

UNSET = "–"
"""Shown instead of a level that a variant lacks, such as the kernel generator of a ResNet."""


class BadStudy(ValueError):
    """All errors of a study, with their keys in the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem for _, problem in problems))
        self.problems = problems


def read_study(text: str) -> tuple[StudyFile | None, list[Problem]]:
    """Parse a file and collect all its errors.

    Returns:
        The readable part of the file, None if that is not a study; and the errors.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, [_no_toml(text, str(error))]
    except (ValueError, RecursionError):  # thousands of digits or nested lists
        return None, [((), "holds a number or list that is too large")]
    reader = Reader()
    file = reader.file(document)
    misplaced = [*_misplaced(file)]
    unfit = [] if misplaced else _unfit(file)
    unread = {key[-1:] for key, _ in reader.problems}
    told = [(key, problem) for key, problem in misplaced if key[-1:] not in unread]
    if not reader.variants_unread:
        told += unfit
    return None if misplaced or unfit else file, [*reader.problems, *told]


def _no_toml(text: str, error: str) -> Problem:
    found = re.search(r" \(at line (\d+), column (\d+)\)", error)
    line = int(found[1]) if found else len(text.splitlines())
    where = f" (column {found[2]})" if found else ""
    return (line,), f"is not valid TOML: {error[: found.start()] if found else error}{where}"


def parse_study(text: str) -> StudyFile:
    """Parse a file; raise BadStudy with all its errors."""
    file, problems = read_study(text)
    if problems or file is None:
        raise BadStudy(problems)
    return file


def make_study(file: StudyFile, source: str | None = None) -> Study:
    """Make the study of a file.

    Args:
        file: The parsed file.
        source: The text of the file; None: `file.to_toml()`.

    Raises:
        BadStudy: If its parts contradict each other.
    """
    problems = [*_misplaced(file)] or _unfit(file)
    if problems:
        raise BadStudy(problems)
    cells = _cells(file)
    names = _names(cells)
    return Study(
        name=file.name,
        title=file.title,
        axes=file.axis_names,
        levels={
            name: tuple(map(str, cell.values())) for name, cell in zip(names, cells, strict=True)
        },
        variants=dict(zip(names, _variants(file, cells), strict=True)),
        baseline=names[cells.index(_baseline(file, cells))],
        source=file.to_toml() if source is None else source,
        tune=file.tune,
    )


def common_settings(file: StudyFile) -> dict[str, Level]:
    """Return the run and training settings of the file; for varied ones, the baseline's."""
    common = {name: value for name, value in file.settings.items() if name not in NETWORK_AXES}
    baseline = _baseline(file, _cells(file)).items()
    own = {name: level for name, level in baseline if name in TRAINING_AXES and level != UNSET}
    return common | own


def _count(file: StudyFile) -> int:
    """Return the number of variants without building them."""
    return prod(map(len, file.axes.values())) if file.axes else len(file.variants)


def _cells(file: StudyFile) -> list[dict[str, Level]]:
    """Return the levels of each variant by axis."""
    if file.axes:
        names = file.axes.keys()
        return [dict(zip(names, levels, strict=True)) for levels in product(*file.axes.values())]
    cells = []
    for variant in file.variants:
        levels = {**DEFAULTS, **file.settings, **variant}
        idle = family_of(str(levels["family"])).idle
        levels |= {name: variant.get(name, UNSET) for name in idle}
        cells.append({name: levels.get(name, UNSET) for name in file.axis_names})
    return cells


def _variants(file: StudyFile, cells: Sequence[dict[str, Level]]) -> list[Variant]:
    network = {name: level for name, level in file.settings.items() if name in NETWORK_AXES}
    common = common_settings(file)
    own = [
        {
            name: level
            for name, level in cell.items()
            if level != UNSET and (name in NETWORK_AXES or level != common.get(name))
        }
        for cell in cells
    ]
    return [make_variant(network | levels) for levels in own]


def _misplaced(file: StudyFile) -> Iterator[Problem]:
    """Yield keys that contradict each other, whatever their values."""
    if _count(file) > MOST_VARIANTS:
        key: Key = ("axes",) if file.axes else ("variants", MOST_VARIANTS)
        yield key, f"{_count(file)} variants; at most {MOST_VARIANTS}"
    yield from _mixed_budgets(file)
    for name in file.axes:
        if name in file.settings:
            yield ("settings", name), f"{name}: is an axis; leave it out of [settings]"
    for name in file.baseline:
        if name not in file.axis_names:
            yield ("baseline", name), f"{name}: is not an axis of this study"
    if file.tune is not None:
        yield from _misplaced_tuning(file, file.tune)


def _misplaced_tuning(file: StudyFile, tune: Grid) -> Iterator[Problem]:
    for name in tune.levels:
        if name in file.axis_names:
            yield (TUNE, name), f"{name}: is an axis; leave it out of [tune]"
        if name in file.settings:
            yield ("settings", name), f"{name}: is tuned; leave it out of [settings]"
    if prod(map(len, tune.levels.values())) > MOST_CANDIDATES:
        combined = prod(map(len, tune.levels.values()))
        yield (TUNE,), f"{combined} combinations to tune; at most {MOST_CANDIDATES}"
    if file.settings.get("split") == VALIDATION:
        problem = "is used by [tune]; the study itself must be measured on test"
        yield ("settings", "split"), f"split {VALIDATION}: {problem}"


def _mixed_budgets(file: StudyFile) -> Iterator[Problem]:
    tuned = {} if file.tune is None else file.tune.levels
    given = {*file.axis_names, *file.settings, *tuned}
    places: list[tuple[Key, Mapping[str, object]]] = [
        (("settings",), file.settings),
        (("axes",), file.axes),
        ((TUNE,), tuned),
        *((("variants", place), variant) for place, variant in enumerate(file.variants)),
    ]
    holding = [where for where, levels in places if STEPS in levels]
    if OTHER.keys() <= given:
        yield (*holding[0], STEPS), "steps: give either epochs or steps, not both"
    elif holding and not {("settings",), (TUNE,)} & {*holding}:
        for place, variant in enumerate(file.variants):
            if STEPS not in variant:
                yield ("variants", place), "steps is missing; other variants have it"


def _unfit(file: StudyFile) -> list[Problem]:
    """Return errors of levels and variants, in a file without misplaced keys."""
    cells = _cells(file)
    if not cells or not file.axis_names:
        return [((), "nothing to vary; give at least one axis with a value")]
    if not _matching(file.baseline, cells):
        text = ", ".join(f"{name} {shown(level)}" for name, level in file.baseline.items())
        return [(("baseline",), f"baseline {text}: must be one of the variants")]
    return [*_without_involutions(file, cells)] or [*_repeated(file, cells)]


def _without_involutions(file: StudyFile, cells: Sequence[dict[str, Level]]) -> Iterator[Problem]:
    told = set()
    for place, cell in enumerate(cells):
        family = family_of(str({**DEFAULTS, **file.settings, **cell}["family"]))
        for name in family.idle:
            key: Key = ("axes", name) if file.axes else ("variants", place, name)
            if cell.get(name, UNSET) != UNSET and (key, family.name) not in told:
                told.add((key, family.name))
                hint = "; list the variants in [[variants]] instead" if file.axes else ""
                yield key, f"{name}: the family {family.name} has {family.idle_because}{hint}"


def _repeated(file: StudyFile, cells: Sequence[dict[str, Level]]) -> Iterator[Problem]:
    variants, names = _variants(file, cells), _names(cells)
    for place, (name, variant) in enumerate(zip(names, variants, strict=True)):
        first = variants.index(variant)
        if first < place:
            key: Key = ("variants", place) if file.variants else ("axes",)
            yield key, f"{name}: is the same variant as {names[first]}"


def _names(cells: Sequence[dict[str, Level]]) -> list[str]:
    return [", ".join(map(str, cell.values())) for cell in cells]


def _matching(
    levels: Mapping[str, Level], cells: Sequence[dict[str, Level]]
) -> list[dict[str, Level]]:
    return [cell for cell in cells if all(cell.get(k) == v for k, v in levels.items())]


def _baseline(file: StudyFile, cells: Sequence[dict[str, Level]]) -> dict[str, Level]:
    """Return the first cell with the levels of [baseline], and the paper's on other axes if any."""
    wanted = dict(file.baseline)
    for name in file.axis_names:
        if name in PAPER and _matching(closer := {name: PAPER[name], **wanted}, cells):
            wanted = closer
    return _matching(wanted, cells)[0]
